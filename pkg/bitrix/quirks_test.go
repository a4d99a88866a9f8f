package bitrix

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func TestQuirkNeitherMap(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":[],"result_error":[]}}`))
	for _, err := range ran(t.Context(), client(t, s), add("a"), add("b")) {
		tells(t, err, outcome{fault.Unsure, fault.One})
	}
}

// A request that is too large did not run. It is repeated at once in halves, and later requests are no larger.
func TestQuirkServerBoundsARequest(t *testing.T) {
	values := map[string]string{}
	p, c := live(t, sandbox.PortalOptions{}, saved(values))
	p.Inject(func(k *sandbox.Call) sandbox.Fault {
		if b, _ := k.Params.MarshalJSON(); k.Method == "batch" && strings.Count(string(b), "tasks.task.add?") > 10 {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Status: http.StatusRequestEntityTooLarge}
		}
		return sandbox.Fault{}
	})
	opened(t, p, c, 40)
	if first := p.Hits(); first > 9 || len(p.Tasks()) != 40 || values[savedBatch] == "" {
		t.Error(first, len(p.Tasks()), values)
	}
	p.ResetCounts()
	if opened(t, p, c, 20); p.Hits() > 3 {
		t.Error(p.Hits(), "requests, as if the bound were not known")
	}
}

func TestQuirkValuesByPosition(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, p, c, 1)[0]
	turned := With("FIELDS", With("POST_MESSAGE", "x")).With("TASKID", id)
	if err := c.Call(t.Context(), "task.commentitem.add", turned, nil); err == nil {
		t.Error("the portal took them by name")
	}
	b, err := With("b", 1).With("a", 2).MarshalJSON()
	if err != nil || string(b) != `{"b":1,"a":2}` {
		t.Error(string(b), err)
	}
}

func TestQuirkBatchIsEncoded(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	const title = `a & b + c # d % e = f "g"`
	if err := ran(t.Context(), c, add(title), add("b"))[0]; err != nil {
		t.Fatal(err)
	}
	if got := p.Tasks()[0]; got.Title != title {
		t.Error(got.Title)
	}
}

func TestQuirkFalseIsLeftOut(t *testing.T) {
	if got := (With("a", false).With("b", true)).appendQuery(nil, nil); string(got) != "b=1" {
		t.Error(got)
	}
}

func TestQuirkReferencesInText(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	const text = "pay $total, see $Result[x] and $time"
	if err := ran(t.Context(), c, add("b"), add(text))[1]; err != nil {
		t.Fatal(err)
	}
	if got := p.Tasks()[1]; got.Title != text {
		t.Error(got.Title)
	}
}

func TestQuirkKeyIsEchoed(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{NewCard: true}, {NewCard: true, NoIdempotency: true}} {
		_, c := live(t, o)
		fields := With("title", "a").With("creatorId", c.Owner()).With("responsibleId", 7)
		_, echoed, err := c.CallKeyed(t.Context(), "tasks.task.add", With("fields", fields), "k")
		if err != nil || echoed == o.NoIdempotency {
			t.Error(echoed, err)
		}
	}
}

func TestQuirkUploadAnswersTwice(t *testing.T) {
	for _, body := range []string{`{"result":{"ID":7}}`, `{"ID":7,"NAME":"big"}`} {
		s := testkit.NewScript(t, testkit.Answer(200, body))
		got, err := client(t, s).Upload(t.Context(), s.URL+"/rest/upload.json?token=t", "big", 1,
			strings.NewReader("x"))
		var r struct{ ID ID }
		if err != nil || Into(got, &r) != nil || r.ID != 7 {
			t.Error(body, string(got), err)
		}
	}
}

// Go's transport repeats a request with an Idempotency-Key when a kept connection breaks. Our client must prevent this,
// because the portal may still be running the first one.
func TestTransportDoesNotRepeatKeyedRequests(t *testing.T) {
	var count atomic.Int32
	s := testkit.NewScript(t,
		testkit.Answer(200, `{"result":{"ID":"17"}}`), // this response keeps the connection open
		func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			io.Copy(io.Discard, r.Body)
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		})
	c := client(t, s, saved(map[string]string{}))
	if err := c.Call(t.Context(), "profile", nil, nil); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.CallKeyed(t.Context(), "tasks.task.add", With("fields", With("title", "a")), "k")
	tells(t, err, outcome{fault.Unsure, fault.Server})
	if count.Load() != 1 || s.Count() != 2 {
		t.Errorf("sent %d times", s.Count()-1)
	}
}

func TestQuirkTransportRepeatsKeys(t *testing.T) { TestTransportDoesNotRepeatKeyedRequests(t) }

func TestQuirkIDsOfAnyForm(t *testing.T) {
	var ids []ID
	if err := json.Unmarshal([]byte(`["7",7,7.0,"",null,{},[]]`), &ids); err != nil ||
		!slices.Equal(ids, []ID{7, 7, 7, 0, 0, 0, 0}) {
		t.Error(ids, err)
	}
}

func TestQuirkDatesOfAnyForm(t *testing.T) {
	var at []Time
	if err := json.Unmarshal([]byte(`["2026-08-20T10:06:08+03:00","",{},null,[]]`), &at); err != nil {
		t.Fatal(err)
	}
	if at[0].IsZero() || slices.ContainsFunc(at[1:], func(t Time) bool { return !t.IsZero() }) {
		t.Error(at)
	}
}

func TestQuirkEmptyMapIsAList(t *testing.T) {
	for in, want := range map[string]int{`[]`: 0, `{}`: 0, `{"c0":1}`: 1, `[1,2]`: 2} {
		var o object
		if err := json.Unmarshal([]byte(in), &o); err != nil || len(o) != want {
			t.Error(in, o, err)
		}
	}
}

func TestQuirkTimesOfAnyForm(t *testing.T) {
	for in, want := range map[string]float64{
		`{"start":1,"finish":2.5}`:              1.5,
		`{"start":1,"finish":2,"duration":0.5}`: 0.5,
		`[]`:                                    0,
		`{}`:                                    0,
		`null`:                                  0,
	} {
		var s stamp
		if err := json.Unmarshal([]byte(in), &s); err != nil || s.Duration != want {
			t.Error(in, s, err)
		}
	}
}

func TestQuirkDownloadWantsHeaders(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true})
	id := opened(t, p, c, 1)[0]
	p.Say(id, 7, "x", sandbox.File{Name: "a", Content: []byte("content")})
	task, _ := p.Task(id)
	object := task.Comments[len(task.Comments)-1].Files[0].Object
	var r struct {
		URL string `json:"DOWNLOAD_URL"`
	}
	if err := c.Call(t.Context(), "disk.file.get", With("id", object), &r); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Fetch(t.Context(), r.URL, 7, &b); err != nil || b.String() != "content" {
		t.Error(err, b.String())
	}
	bare, err := http.NewRequest(http.MethodGet, r.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(bare)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Error("the portal gives it without them", err)
	}
}

func TestQuirkAddressWithoutHost(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, p, c, 1)[0]
	p.Say(id, 7, "x", sandbox.File{Name: "a", Content: []byte("content")})
	var items []struct {
		Objects json.RawMessage `json:"ATTACHED_OBJECTS"`
	}
	if err := c.Call(t.Context(), "task.commentitem.getlist", With("TASKID", id), &items); err != nil {
		t.Fatal(err)
	}
	var addr string
	for _, o := range Rows[struct {
		URL string `json:"DOWNLOAD_URL"`
	}](items[0].Objects) {
		addr = o.URL
	}
	if !strings.HasPrefix(addr, "/") {
		t.Fatal(addr)
	}
	var b bytes.Buffer
	if err := c.Fetch(t.Context(), addr, 7, &b); err != nil || b.String() != "content" {
		t.Error(err, b.String())
	}
}
