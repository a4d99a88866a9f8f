package portal

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestBatchEmptyMapsAreLists(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	a := r.call("batch", `{"cmd":{"me":"profile"}}`)
	for _, want := range []string{`"result_error":[]`, `"result_total":[]`, `"result_next":[]`, `"result":{"me":{`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("no %s in %s", want, a.raw)
		}
	}
	if a := r.call("batch", `{"cmd":["profile","nonsense"]}`); !strings.Contains(a.raw, `"result":[{`) ||
		!strings.Contains(a.raw, `"result_error":{"1":{`) || a.status != 200 {
		t.Errorf("numeric keys: %s", a.raw)
	}
	a = r.call("batch", `{"cmd":{}}`)
	for _, want := range []string{`"result":[]`, `"result_error":[]`, `"result_total":[]`, `"result_next":[]`,
		`"result_time":[]`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("no commands: no %s in %s", want, a.raw)
		}
	}
}

func TestBatchHaltLengthAndNesting(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	in := r.batch(1, "a", "profile", "b", "nonsense", "c", "profile")
	if in.Get("result", "result", "c") != nil ||
		in.Str("result", "result_error", "b", "error") != "ERROR_METHOD_NOT_FOUND" {
		t.Errorf("halt: %v", in.Get("result"))
	}
	in = r.batch(0, "b", "nonsense", "c", "profile", "d", "batch?cmd[a]=profile")
	if in.Str("result", "result", "c", "ID") != "17" ||
		in.Str("result", "result_error", "d", "error") != "ERROR_BATCH_METHOD_NOT_ALLOWED" {
		t.Errorf("no halt: %v", in.Get("result"))
	}
	var cmds []string
	for i := range 51 {
		cmds = append(cmds, fmt.Sprintf("k%d", i), "profile")
	}
	in = r.batch(0, cmds...)
	done, _ := in.Get("result", "result").(*Params)
	if done.Len() != 50 || in.Str("result", "result_error", "k50", "error") != "ERROR_BATCH_LENGTH_EXCEEDED" {
		t.Errorf("51 commands: %d done, %v", done.Len(), in.Get("result", "result_error"))
	}
}

func TestBatchQUIRKOnlyPercentDecoding(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	title := func(query string) string {
		in := r.batch(0, "t", "tasks.task.add?fields[RESPONSIBLE_ID]=7&fields[TITLE]="+query)
		return in.Str("result", "result", "t", "task", "title")
	}
	for query, want := range map[string]string{
		"a%":        "a%",
		"a%4":       "a%4",
		"a%zz%+1":   "a%zz% 1",
		"a+b":       "a b",
		"a%2Bb":     "a+b",
		"a&b":       "a",
		"a#b":       "a",
		"50%25":     "50%",
		"%D0%9F":    "П",
		"a%3Db%26c": "a=b&c",
	} {
		if got := title(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestBatchQUIRKReferencesInEveryValue(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	add := "tasks.task.add?fields[RESPONSIBLE_ID]=7&fields[TITLE]="
	in := r.batch(0, "a", add+"x", "b", add+"task%20$result[a][task][id],%20ok", "c", add+"costs%20$TOTAL%20today",
		"d", add+"n$result[a][task][id]",
		"e", "tasks.task.get?taskId=$result[a][task][id]", "f", "tasks.task.get?taskId=$result[zz][task][id]")
	first := in.Str("result", "result", "a", "task", "id")
	for key, want := range map[string]string{"b": "task " + first + " ok", "c": "costs  today", "d": "n" + first} {
		if got := in.Str("result", "result", key, "task", "title"); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if in.Str("result", "result", "e", "task", "id") != first {
		t.Errorf("e: %v", in.Get("result", "result", "e"))
	}
	if in.Str("result", "result_error", "f", "error") != "0" {
		t.Errorf("f: %v", in.Get("result", "result_error", "f"))
	}
	in = r.batch(0, "l", "tasks.task.list?start=0", "g", add+"$Total[l]%20of%20$next[l]%20x", "h",
		add+"e%20$error[zz][error]%20x", "zz", "nonsense",
		"i", add+"$ERROR[zz][error]%20x", "j", add+"$time[l][date_start]%20x")
	for key, want := range map[string]string{
		"g": "4 of  x",
		"h": "e  x",
		"i": "ERROR_METHOD_NOT_FOUND x",
		"j": in.Str("time", "date_start") + " x",
	} {
		if got := in.Str("result", "result", key, "task", "title"); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	raw, _ := json.Marshal(in.Get("result", "result_time"))
	if !strings.Contains(string(raw), "operating") {
		t.Errorf("result_time: %s", raw)
	}
}
