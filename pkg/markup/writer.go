package markup

import (
	"strings"
	"unicode"
)

// mostQuotes bounds the quote signs before a line.
const mostQuotes = 8

// writer writes text with collapsed spaces and at most one blank line in a row. Tags and newlines are owed until there
// is something to write, so that empty elements leave no trace.
type writer struct {
	out strings.Builder
	due []mark // open tags, written and not

	nl     int  // newlines owed
	sp     bool // a space owed
	fresh  bool // nothing on this line yet
	blank  bool // but something that makes it count as a blank line
	start  bool // nothing in this element yet: newlines and spaces are not owed
	bol    bool // the output stands at the beginning of a line
	flat   int  // > 0: line ends are spaces
	quote  int  // signs before a line
	quoted int  // signs before the last line written
	indent int  // spaces before a line
	bullet string
}

// mark is an open tag of BBCode. Block tags own the newlines around and inside them.
type mark struct {
	open    string // without brackets
	shut    string // without brackets; "" = as open
	lone    bool   // has no closing tag
	inline  bool
	lined   bool // its content stands on lines of its own
	written bool
	nl      int  // newlines owed before it
	start   bool // as it was before
}

func newWriter() *writer { return &writer{fresh: true, start: true, bol: true} }

func (w *writer) finish() string {
	return strings.TrimRight(w.out.String(), " \n")
}

// begin opens a tag; it is written together with the first thing inside.
func (w *writer) begin(m mark) {
	if !m.inline {
		m.nl, m.start = w.nl, w.start
		w.nl, w.sp, w.fresh, w.blank, w.start = 0, false, true, false, true
	}
	w.due = append(w.due, m)
}

// end closes the tag opened last.
func (w *writer) end() {
	m := w.due[len(w.due)-1]
	w.due = w.due[:len(w.due)-1]
	switch {
	case !m.written && !m.inline:
		w.nl, w.start, w.sp, w.fresh, w.blank = m.nl, m.start, false, true, false
		return
	case !m.written:
		return
	case !m.inline && m.lined && !w.bol:
		w.out.WriteByte('\n')
	}
	if !m.lone {
		shut := m.shut
		if shut == "" {
			shut = m.open
		}
		w.out.WriteString(string(leftMark) + "/" + shut + string(rightMark))
		w.bol = false
	}
	if !m.inline {
		w.nl, w.sp, w.fresh, w.blank, w.start = 0, false, false, false, false
	}
}

// force writes what is owed but the spaces.
func (w *writer) force() {
	last := -1 // the last block tag owed: what is owed besides stands inside it
	for i := range w.due {
		if !w.due[i].written && !w.due[i].inline {
			last = i
		}
	}
	owed := last < 0
	for i := range w.due {
		m := &w.due[i]
		if m.written {
			continue
		}
		if !m.inline {
			w.newlines(m.nl)
		} else if i > last && !owed {
			w.gap()
			owed = true
		} else if last < 0 && owed {
			w.gap()
		}
		w.out.WriteString(string(leftMark) + m.open + string(rightMark))
		m.written, w.bol = true, false
		if m.lined {
			w.newlines(1)
		}
	}
}

// gap writes the newlines or the space owed.
func (w *writer) gap() {
	w.newlines(w.nl)
	if w.sp && !w.bol && !w.start {
		w.out.WriteByte(' ')
	}
	w.nl, w.sp = 0, false
}

func (w *writer) newlines(n int) {
	if w.out.Len() == 0 {
		return
	}
	for i := range n {
		if i > 0 && min(w.quote, w.quoted) > 0 {
			w.out.WriteString(strings.TrimRight(strings.Repeat("> ", min(w.quote, w.quoted, mostQuotes)), " "))
		}
		if i > 0 || !w.bol {
			w.out.WriteByte('\n')
		}
		w.bol = true
	}
}

// put writes s as it is, after all that is owed.
func (w *writer) put(s string) {
	w.force()
	w.gap()
	if w.bol {
		w.out.WriteString(strings.Repeat("> ", min(w.quote, mostQuotes)))
		w.quoted = w.quote
		w.out.WriteString(strings.Repeat(" ", w.indent-len(w.bullet)) + w.bullet)
		w.bullet = ""
	}
	w.out.WriteString(s)
	w.bol, w.fresh, w.blank, w.start = false, false, false, false
}

// text writes s with its spaces collapsed.
func (w *writer) text(s string) {
	for s != "" {
		i := strings.IndexFunc(s, unicode.IsSpace)
		if i < 0 {
			i = len(s)
		}
		if i > 0 && !invisible(s[:i]) {
			w.put(s[:i])
		}
		s = s[i:]
		for _, r := range s {
			if !unicode.IsSpace(r) {
				break
			}
			s = s[len(string(r)):]
			w.sp = true
			if r == '\u00a0' && w.fresh {
				w.blank = true
			}
		}
	}
}

// invisible says whether a word is nothing but the marks that newsletters fill their preview line with.
func invisible(word string) bool {
	return strings.Trim(word, "\u00ad\u034f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff") == ""
}

// raw writes s with its spaces and line ends kept.
func (w *writer) raw(s string) {
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			w.brk()
		}
		if strings.TrimSpace(line) != "" {
			w.put(line)
		} else if line != "" {
			w.text(line)
		}
	}
}

// brk ends the line, or makes a blank one.
func (w *writer) brk() {
	switch {
	case w.flat > 0:
		w.sp = true
	case w.start:
	case w.fresh:
		w.nl = 2
	default:
		w.nl, w.fresh = max(w.nl, 1), true
	}
	w.blank = false
}

// line makes what follows begin on a line of its own.
func (w *writer) line() {
	if w.blank || !w.fresh || w.flat > 0 {
		w.brk()
	}
	if w.flat == 0 {
		w.sp = false
	}
}

// para makes what follows begin behind a blank line.
func (w *writer) para() {
	w.line()
	if w.flat == 0 && !w.start {
		w.nl = 2
	}
}
