package bitrix

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
)

func TestQueryIsEncodedAsPHPReadsIt(t *testing.T) {
	p := With("a b", "1&2=3+4#5%6 é").With("f", With("X", []string{"q", "$r"}).With("N", []int64{1, 2}).With(">ID", 7)).
		With("yes", true).With("no", false)
	want := "a%20b=1%262%3D3%2B4%235%256%20%C3%A9&f%5BX%5D%5B0%5D=q&f%5BX%5D%5B1%5D=%24r&f%5BN%5D%5B0%5D=1&f%5BN%5D%5B1%5D=2" +
		"&f%5B%3EID%5D=7&yes=1"
	if got := string(p.appendQuery(nil, nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefers(t *testing.T) {
	for text, want := range map[string]bool{
		"plain": false, "$ 5": false, "$resul": false, "costs $5 in total": false, "$result[a]": true,
		"x$TOTALx": true, "$Next": true,
		"$time": true, "$errors": true, "a$$error": true,
	} {
		if got := (With("f", With("T", []string{"", text}))).Refers(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBatchDecodesBothSpellingsOfMaps(t *testing.T) {
	for _, body := range []string{
		`{"result":{"result":{"c0":1,"c1":null},"result_error":[],"result_total":[],"result_next":[],"result_time":[]},"time":[]}`,
		`{"result":{"result":{"c0":1},"result_error":{},"result_time":{"c0":{"start":1,"finish":2,"operating":0.3}}},"time":{}}`,
	} {
		s := testkit.NewScript(t, testkit.Answer(200, body))
		as, err := client(t, s).Batch(t.Context(), []Command{Do("a.get", nil), Do("b.get", nil)})
		if err != nil || string(as[0].Result) != "1" || as[1].Err != nil {
			t.Error(body, as, err)
		}
	}
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":[],"result_error":{"c1":{"error":"ERROR_CORE","error_description":"<b>x</b>"}}}}`))
	as, err := client(t, s).Batch(t.Context(), []Command{Do("a.add", nil), Do("b.add", nil)})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, as[0].Err, outcome{fault.Unsure, fault.One}) // in neither map
	tells(t, as[1].Err, outcome{fault.Unsure, fault.One})
	for _, body := range []string{`{"result":[]}`, `{"result":true}`, `{"result":{"result":3}}`} {
		s := testkit.NewScript(t, testkit.Answer(200, body))
		as, _ := client(t, s).Batch(t.Context(), []Command{Do("a.add", nil)})
		tells(t, as[0].Err, outcome{fault.Unsure, fault.One})
	}
}

func TestErrorsOfACommand(t *testing.T) {
	for code, want := range map[string]outcome{
		"QUERY_LIMIT_EXCEEDED": {fault.Refused, fault.Server}, "OPERATION_TIME_LIMIT": {fault.Refused, fault.Server},
		"insufficient_scope": {fault.Refused, fault.Setup}, "ACCESS_DENIED": {fault.Never, fault.One},
		"INTERNAL_SERVER_ERROR": {fault.Unsure, fault.One}, "ERROR_BATCH_LENGTH_EXCEEDED": {fault.Refused, fault.One},
		"1048582": {fault.Never, fault.One}, "0": {fault.Never, fault.One},
	} {
		s := testkit.NewScript(t, testkit.Answer(200,
			`{"result":{"result":[],"result_error":{"c0":{"error":"`+code+`","error_description":"x"}}}}`))
		tells(t, ran(t.Context(), client(t, s), add("a"))[0], want)
	}
}

// many answers every command of a batch with true. Each command has the given duration.
func many(t *testing.T, s *testkit.Script, sizes *[]int, seconds float64) {
	s.Answers = nil
	for range 200 {
		s.Answers = append(s.Answers, nil)
	}
	for n := range s.Answers {
		s.Answers[n] = batchOf(t, s, n, sizes, seconds)
	}
}

func batchOf(t *testing.T, s *testkit.Script, n int, sizes *[]int,
	seconds float64) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		size := len(s.Commands(t, n))
		*sizes = append(*sizes, size)
		results, times := make([]string, size), make([]string, size)
		for i := range size {
			results[i] = fmt.Sprintf(`"c%d":true`, i)
			times[i] = fmt.Sprintf(`"c%d":{"duration":%v}`, i, seconds)
		}
		fmt.Fprintf(w, `{"result":{"result":{%s},"result_error":[],"result_time":{%s}}}`,
			strings.Join(results, ","), strings.Join(times, ","))
	}
}

func TestBatchIsSizedByTheTimesThePortalTells(t *testing.T) {
	cmds := make([]Command, 120)
	for i := range cmds {
		cmds[i] = Do("tasks.task.add", nil)
	}
	for seconds, want := range map[float64][]int{0.01: {50, 50, 20}, 0.93: {50, 32, 32, 6}} {
		s := testkit.NewScript(t)
		var sizes []int
		many(t, s, &sizes, seconds)
		values := map[string]string{}
		c := client(t, s, saved(values), func(o *Options) { o.Timeout = time.Minute })
		if _, err := c.Batch(t.Context(), cmds); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sizes); diff != "" {
			t.Error(seconds, diff)
		}
		if seconds > 0.5 { // the saved times are used by the next process
			s, sizes = testkit.NewScript(t), nil
			many(t, s, &sizes, seconds)
			if _, err := client(t, s, saved(values), func(o *Options) {
				o.Timeout = time.Minute
			}).Batch(t.Context(), cmds); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]int{32, 32, 32, 24}, sizes); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestWhatIsNotSentIsRefused(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(502, ""))
	errs := ran(t.Context(), client(t, s), append(slices.Repeat([]Command{add("a")}, 60), add("$total"))...)
	tells(t, errs[49], outcome{fault.Unsure, fault.Server})
	tells(t, errs[50], outcome{fault.Refused, fault.Server})
	tells(t, errs[60], outcome{fault.Refused, fault.Server})
}

// sent reads a payload to its end.
func sent(t *testing.T, p payload) []byte {
	t.Helper()
	body, err := io.ReadAll(p.open())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(body)) != p.size {
		t.Errorf("a body of %d bytes is announced with %d", len(body), p.size)
	}
	return body
}

func TestBodyOfABatch(t *testing.T) {
	content := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	cmds := []Command{
		Do("disk.folder.uploadfile", With("id", int64(5)).With("fileContent",
			File{"Счёт.pdf", content}).With("generateUniqueName", true)),
		Do("tasks.task.add", With("fields", With("TITLE", "\"Ёлка\" \x00\xff\n").With("AUDITORS", []int64{1, 2}))),
	}
	body := sent(t, batchBody(cmds, []int{0, 1}))
	var got struct {
		Halt int
		Cmd  map[string]string
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for n, want := range []url.Values{
		{
			"id":                 {"5"},
			"fileContent[0]":     {"Счёт.pdf"},
			"fileContent[1]":     {base64.StdEncoding.EncodeToString(content)},
			"generateUniqueName": {"1"},
		},
		{"fields[TITLE]": {"\"Ёлка\" \ufffd\n"}, "fields[AUDITORS][0]": {"1"}, "fields[AUDITORS][1]": {"2"}},
	} {
		method, query, _ := strings.Cut(got.Cmd[key(n)], "?")
		values, err := url.ParseQuery(query)
		if diff := cmp.Diff(want, values); err != nil || diff != "" || method != cmds[n].Method {
			t.Error(method, err, diff)
		}
	}
	one, err := json.Marshal(cmds[0].Params)
	if want := `{"id":5,"fileContent":["Счёт.pdf","` + base64.StdEncoding.EncodeToString(content) +
		`"],"generateUniqueName":true}`; err != nil || string(one) != want {
		t.Errorf("%.100s, %v", one, err)
	}
}

// Sending files allocates next to nothing, however large they are.
func TestFilesAreEncodedWhileTheyAreSent(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n != r.ContentLength || err != nil {
			t.Error(n, r.ContentLength, err)
		}
		_, _ = io.WriteString(w, `{"result":{"result":{"c0":true},"result_error":[]}}`)
	}))
	defer s.Close()
	c := client(t, &testkit.Script{Server: s})
	upload := []Command{Do("disk.folder.uploadfile", With("fileContent", File{"a.bin", make([]byte, 8<<20)}))}
	var before, after runtime.MemStats
	for range 2 { // the first time makes the connection and the table
		runtime.ReadMemStats(&before)
		if errs := ran(t.Context(), c, upload...); errs[0] != nil {
			t.Fatal(errs)
		}
		runtime.ReadMemStats(&after)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d kB allocated to send 8 MB", n>>10)
	}
}

// Every pair of base64's characters, and every length of what is encoded last.
func TestBase64InAQuery(t *testing.T) {
	var all []byte
	for i := range 1 << 12 {
		all = append(all, byte(i>>4), byte(i<<4|i>>8), byte(i))
	}
	samples := [][]byte{nil, {0xfb}, {0xff, 0xff}, {0xfb, 0xef, 0xbe}, bytes.Repeat([]byte{0xff}, 5000)}
	for n := range 20 {
		samples = append(samples, all[:n], all[:len(all)-n], all[len(all)-n:])
	}
	for _, b := range samples {
		var p payload
		p.add([]byte("a="), b)
		if got, want := string(sent(t, p)), "a="+url.QueryEscape(base64.StdEncoding.EncodeToString(b)); got != want {
			t.Errorf("%d bytes: got %.60s, want %.60s", len(b), got, want)
		}
	}
}

// A body can be read in pieces of any size, and again from its beginning.
func TestBodyIsReadAgain(t *testing.T) {
	p := batchBody([]Command{
		Do("a.add", With("f", File{"a", make([]byte, 10_000)}).With("g", File{"b", []byte("bc")})),
	}, []int{0})
	whole := sent(t, p)
	if err := iotest.TestReader(p.open(), whole); err != nil {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Batch(context.Context, []Command) ([]Answer, error) { panic("broken") }

// A panic while a plan runs reaches its caller, who can catch it.
func TestPlanThatPanics(t *testing.T) {
	p := NewPlan(broken{})
	p.Add(Do("a.get", nil), func(Answer) { t.Error("an answer") })
	defer func() {
		if recover() != "broken" {
			t.Error("no panic")
		}
	}()
	_ = p.Run(t.Context())
}

func BenchmarkBatchBody(b *testing.B) {
	var cmds []Command
	var part []int
	for i := range 50 {
		cmds, part = append(cmds, add(strings.Repeat("Добрый день! Принтер не печатает. ", 80))), append(part, i)
	}
	for name, n := range map[string]int{"texts": 0, "files": 100 << 10} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			cmds := slices.Clone(cmds)
			if n > 0 {
				for i := range cmds {
					cmds[i] = Do("disk.folder.uploadfile", With("fileContent", File{"a.bin", make([]byte, n)}))
				}
			}
			for b.Loop() {
				body := batchBody(cmds, part)
				b.SetBytes(body.size)
				_, _ = io.Copy(io.Discard, body.open())
			}
		})
	}
}

func TestBatchEndsBeforeTheTimeOut(t *testing.T) {
	s := testkit.NewScript(t)
	var sizes []int
	many(t, s, &sizes, 1)
	start := time.Now()
	c := client(t, s, saved(map[string]string{savedTimes: `{"a.add":1}`}), func(o *Options) {
		o.Now, o.Timeout = func() time.Time { return start }, time.Minute
	})
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(10*time.Second))
	defer cancel()
	cmds := make([]Command, 30)
	for i := range cmds {
		cmds[i] = Do("a.add", nil)
	}
	if _, err := c.Batch(ctx, cmds); err != nil || sizes[0] != 10 {
		t.Error(err, sizes)
	}
}
