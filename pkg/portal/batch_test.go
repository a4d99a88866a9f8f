package portal

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func TestQueryIsEncodedAsPHPReadsIt(t *testing.T) {
	p := With("a b", "1&2=3+4#5%6 é").With("f", With("X", []string{"q", "$r"}).With("N", []int64{1, 2}).With(">ID", 7)).
		With("yes", true).With("no", false)
	want := "a%20b=1%262%3D3%2B4%235%256%20%C3%A9&f%5BX%5D%5B0%5D=q&f%5BX%5D%5B1%5D=%24r&f%5BN%5D%5B0%5D=1&f%5BN%5D%5B1%5D=2" +
		"&f%5B%3EID%5D=7&yes=1"
	if got := string(p.appendQuery(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefers(t *testing.T) {
	for text, want := range map[string]bool{
		"plain": false, "$ 5": false, "$resul": false, "costs $5 in total": false, "$result[a]": true, "x$TOTALx": true, "$Next": true,
		"$time": true, "$errors": true, "a$$error": true,
	} {
		if got := (With("f", With("T", []string{"", text}))).refers(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestBatchDecodesBothSpellingsOfMaps(t *testing.T) {
	for _, body := range []string{
		`{"result":{"result":{"c0":1,"c1":null},"result_error":[],"result_total":[],"result_next":[],"result_time":[]},"time":[]}`,
		`{"result":{"result":{"c0":1},"result_error":{},"result_time":{"c0":{"start":1,"finish":2,"operating":0.3}}},"time":{}}`,
	} {
		s := newScript(t, answer(200, body))
		as, err := s.client(t).Batch(t.Context(), []Command{Do("a.get", nil), Do("b.get", nil)})
		if err != nil || string(as[0].Result) != "1" || as[1].Err != nil {
			t.Error(body, as, err)
		}
	}
	s := newScript(t, answer(200, `{"result":{"result":[],"result_error":{"c1":{"error":"ERROR_CORE","error_description":"<b>x</b>"}}}}`))
	as, err := s.client(t).Batch(t.Context(), []Command{Do("a.add", nil), Do("b.add", nil)})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, as[0].Err, told{fault.Unsure, fault.One}) // in neither map
	tells(t, as[1].Err, told{fault.Never, fault.One})
	for _, body := range []string{`{"result":[]}`, `{"result":true}`, `{"result":{"result":3}}`} {
		s := newScript(t, answer(200, body))
		as, _ := s.client(t).Batch(t.Context(), []Command{Do("a.add", nil)})
		tells(t, as[0].Err, told{fault.Unsure, fault.One})
	}
}

func TestErrorsOfACommand(t *testing.T) {
	for code, want := range map[string]told{
		"QUERY_LIMIT_EXCEEDED": {fault.Refused, fault.Server}, "OPERATION_TIME_LIMIT": {fault.Refused, fault.Server},
		"insufficient_scope": {fault.Refused, fault.Setup}, "ACCESS_DENIED": {fault.Never, fault.One},
		"INTERNAL_SERVER_ERROR": {fault.Unsure, fault.One}, "ERROR_BATCH_LENGTH_EXCEEDED": {fault.Refused, fault.One},
		"1048582": {fault.Never, fault.One}, "0": {fault.Never, fault.One},
	} {
		s := newScript(t, answer(200, `{"result":{"result":[],"result_error":{"c0":{"error":"`+code+`","error_description":"x"}}}}`))
		tells(t, s.client(t).Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0].Err, want)
	}
}

// many answers every command of a batch with true, having needed so long for each.
func many(t *testing.T, s *script, sizes *[]int, seconds float64) {
	s.answers = nil
	for range 200 {
		s.answers = append(s.answers, nil)
	}
	for n := range s.answers {
		s.answers[n] = batchOf(t, s, n, sizes, seconds)
	}
}

func TestBatchIsSizedByTheTimesThePortalTells(t *testing.T) {
	cmds := make([]Command, 120)
	for i := range cmds {
		cmds[i] = Do("tasks.task.add", nil)
	}
	for seconds, want := range map[float64][]int{0.01: {50, 50, 20}, 0.93: {50, 32, 32, 6}} {
		s := newScript(t)
		var sizes []int
		many(t, s, &sizes, seconds)
		values := map[string]string{}
		c := s.client(t, saved(values), func(o *Options) { o.Timeout = time.Minute })
		if _, err := c.Batch(t.Context(), cmds); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sizes); diff != "" {
			t.Error(seconds, diff)
		}
		if seconds > 0.5 { // the next process knows
			s, sizes = newScript(t), nil
			many(t, s, &sizes, seconds)
			if _, err := s.client(t, saved(values), func(o *Options) { o.Timeout = time.Minute }).Batch(t.Context(), cmds); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]int{32, 32, 32, 24}, sizes); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestWhatIsNotSentIsRefused(t *testing.T) {
	s := newScript(t, answer(502, ""))
	effects := []desk.Effect{}
	for i := range 60 {
		effects = append(effects, openEffect(fmt.Sprint(i), "a"))
	}
	effects = append(effects, openEffect("x", "$total"))
	made := s.client(t).Make(t.Context(), effects)
	tells(t, made[49].Err, told{fault.Unsure, fault.Server})
	tells(t, made[50].Err, told{fault.Refused, fault.Server})
	tells(t, made[60].Err, told{fault.Refused, fault.Server})
}

func TestMakeSendsTheseBytes(t *testing.T) {
	open := openEffect("5f2c0a", "A+B & C")
	open.Post.Fields = &desk.Fields{Responsible: 7, Group: 3, Auditors: []int64{8, 9}, Accomplices: []int64{4}, Tags: []string{"helpdesk"},
		Priority: "high", Deadline: 2 * time.Hour, CRM: []string{"C_275"}}
	open.Post.Files = []desk.File{{Object: 9011}, {Name: "lost"}, {Object: 9012}}
	comment := commentEffect(3711, "again")
	comment.Post.Reopen = true
	comment.Post.Files = []desk.File{{Object: 5}}
	s := newScript(t, fixture(t, "make.json"))
	made := s.client(t).Make(t.Context(), []desk.Effect{open, {Kind: desk.SendLetter}, comment, openEffect("91be77", "b")})
	want := []string{
		"tasks.task.add?fields[TITLE]=A+B & C&fields[DESCRIPTION]=text&fields[XML_ID]=hd-5f2c0a&fields[RESPONSIBLE_ID]=7" +
			"&fields[GROUP_ID]=3&fields[AUDITORS][0]=8&fields[AUDITORS][1]=9&fields[ACCOMPLICES][0]=4&fields[TAGS][0]=helpdesk" +
			"&fields[PRIORITY]=2&fields[DEADLINE]=2026-08-20T14:00:00+03:00&fields[UF_CRM_TASK][0]=C_275" +
			"&fields[UF_TASK_WEBDAV_FILES][0]=n9011&fields[UF_TASK_WEBDAV_FILES][1]=n9012",
		"tasks.task.disapprove?taskId=3711", "tasks.task.renew?taskId=3711",
		"tasks.task.get?taskId=3711&select[0]=ID&select[1]=STATUS",
		"task.commentitem.add?0=3711&1[POST_MESSAGE]=hd-0011223344556677\nagain&1[UF_FORUM_MESSAGE_DOC][0]=n5",
		"tasks.task.add?fields[TITLE]=b&fields[DESCRIPTION]=text&fields[XML_ID]=hd-91be77&fields[RESPONSIBLE_ID]=7",
	}
	if diff := cmp.Diff(want, s.commands(t, 0)); diff != "" {
		t.Error(diff)
	}
	if made[0].Task != 3711 || made[0].Chat != 2603 || made[0].Err != nil {
		t.Error(made[0])
	}
	tells(t, made[1].Err, told{fault.Never, fault.One})
	if made[2].Comment != 3141 || made[2].Err != nil {
		t.Error(made[2]) // that the task could not be reopened is no matter
	}
	tells(t, made[3].Err, told{fault.Never, fault.One})
}

func TestWhatBatchWouldRewriteGoesAlone(t *testing.T) {
	comment := commentEffect(8, "hd-0011223344556677 pay $TOTAL")
	comment.Post.Reopen = true
	s := newScript(t,
		answer(200, `{"result":{"result":{"c1":{"task":{"id":"8"}},"c3":{"task":{"id":"9"}}},"result_error":[]}}`),
		answer(200, `{"result":12}`))
	made := s.client(t).Make(t.Context(), []desk.Effect{comment, openEffect("k", "plain")})
	if made[0].Err != nil || made[0].Comment != 12 || made[1].Task != 9 {
		t.Error(made)
	}
	if got := s.commands(t, 0); len(got) != 4 || !strings.HasPrefix(got[1], "tasks.task.renew") {
		t.Error(got) // the task is reopened first
	}
	want := `{"0":8,"1":{"POST_MESSAGE":"hd-0011223344556677 pay $TOTAL"}}`
	if s.body(1) != want || !strings.HasSuffix(s.requests[1].path, "/task.commentitem.add") {
		t.Errorf("%s %s", s.requests[1].path, s.body(1))
	}
}

func TestLongTitleIsCutByUs(t *testing.T) {
	cmd := (&Client{}).taskAdd(openEffect("k", strings.Repeat("é", 300)))
	b, err := json.Marshal(cmd.Params)
	if err != nil || strings.Count(string(b), "é") != maxTitle {
		t.Error(err, strings.Count(string(b), "é"))
	}
}

func batchOf(t *testing.T, s *script, n int, sizes *[]int, seconds float64) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		size := len(s.commands(t, n))
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

// The body is made in one piece, into a buffer that was large enough from the start.
func TestBodyOfABatch(t *testing.T) {
	content := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	cmds := []Command{
		Do("disk.folder.uploadfile", With("id", int64(5)).With("fileContent", file{"Счёт.pdf", content}).With("generateUniqueName", true)),
		Do("tasks.task.add", With("fields", With("TITLE", "\"Ёлка\" \x00\xff\n").With("AUDITORS", []int64{1, 2}))),
	}
	body := batchBody(cmds, []int{0, 1})
	if spare := cap(body) - len(body); spare < 0 || spare > len(body)/20 {
		t.Errorf("%d bytes in a buffer of %d", len(body), cap(body))
	}
	var got struct {
		Halt int
		Cmd  map[string]string
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for n, want := range []url.Values{
		{"id": {"5"}, "fileContent[0]": {"Счёт.pdf"}, "fileContent[1]": {base64.StdEncoding.EncodeToString(content)}, "generateUniqueName": {"1"}},
		{"fields[TITLE]": {"\"Ёлка\" \ufffd\n"}, "fields[AUDITORS][0]": {"1"}, "fields[AUDITORS][1]": {"2"}},
	} {
		method, query, _ := strings.Cut(got.Cmd[key(n)], "?")
		values, err := url.ParseQuery(query)
		if diff := cmp.Diff(want, values); err != nil || diff != "" || method != cmds[n].Method {
			t.Error(method, err, diff)
		}
	}
	one, err := json.Marshal(cmds[0].Params)
	if want := `{"id":5,"fileContent":["Счёт.pdf","` + base64.StdEncoding.EncodeToString(content) + `"],"generateUniqueName":true}`; err != nil || string(one) != want {
		t.Errorf("%.100s, %v", one, err)
	}
}

func BenchmarkBatchBody(b *testing.B) {
	var cmds []Command
	var part []int
	for i := range 50 {
		e := openEffect("k", "subject")
		e.Post.Text = strings.Repeat("Добрый день! Принтер не печатает. ", 80)
		cmds, part = append(cmds, (&Client{}).taskAdd(e)), append(part, i)
	}
	for name, n := range map[string]int{"texts": 0, "files": 100 << 10} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			cmds := slices.Clone(cmds)
			if n > 0 {
				for i := range cmds {
					cmds[i] = Do("disk.folder.uploadfile", With("fileContent", file{"a.bin", make([]byte, n)}))
				}
			}
			for b.Loop() {
				b.SetBytes(int64(len(batchBody(cmds, part))))
			}
		})
	}
}
