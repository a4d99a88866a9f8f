package pass_test

import (
	"runtime"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// An answer with a quote in HTML is tokenized once, although its words and its quote are told apart and converted.
func TestAPageIsTokenizedOnce(t *testing.T) {
	c, err := cutter()
	if err != nil {
		t.Fatal(err)
	}
	const head = "From: <a@b.example>\nTo: <support@desk.example>\nSubject: Re: x\nMessage-ID: <1@b.example>\n" +
		"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
	page := "<p>Принтер не печатает.</p><p>С уважением,<br>Мария Петрова<br>ООО «Ромашка»</p>" +
		`<div class="gmail_quote"><div class="gmail_attr">вт, 12 мар. 2024 г. в 9:00, Служба &lt;support@desk.example&gt;:` +
		`<br></div><blockquote class="gmail_quote"><p>Что на экране?</p></blockquote></div>`
	tokenizers := tokenizersMade(func() {
		m, err := pass.Read(strings.NewReader(head+page), desk.Listing{}, pass.Reading{Cutter: c})
		if err != nil || !m.QuoteCut || !strings.HasPrefix(m.Text, "Принтер не печатает.") || m.Quoted == "" {
			t.Errorf("%+v, %v", m, err)
		}
	})
	if tokenizers != 1 {
		t.Errorf("the page was tokenized %d times", tokenizers)
	}
}

// tokenizersMade counts the HTML tokenizers that f makes, by the profile of memory.
func tokenizersMade(f func()) int64 {
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	runtime.MemProfileRate = 1
	before := tokenizers()
	f()
	return tokenizers() - before
}

func tokenizers() (count int64) {
	for range 2 { // the profile is as of the last collection but one
		runtime.GC()
	}
	const buffer = 4096 // bytes: each tokenizer has one
	n, _ := runtime.MemProfile(nil, true)
	records := make([]runtime.MemProfileRecord, n+100)
	n, _ = runtime.MemProfile(records, true)
	for i := range records[:n] {
		if records[i].AllocBytes != records[i].AllocObjects*buffer {
			continue
		}
		frames := runtime.CallersFrames(records[i].Stack())
		for more := true; more; {
			var f runtime.Frame
			if f, more = frames.Next(); strings.HasSuffix(f.Function, "html.NewTokenizerFragment") {
				count += records[i].AllocObjects
				break
			}
		}
	}
	return count
}
