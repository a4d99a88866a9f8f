package markup

import (
	"fmt"
	"strconv"
	"strings"
)

// numbers counts the items of a list. step is 0 in a list without numbers.
type numbers struct {
	next, step int
	style      string // 1, a, A, i or I
	odd        bool   // the portal would number this list differently
}

const mostNumber = 1_000_000

// numbersOf returns the numbering of a list.
func numbersOf(n *node) *numbers {
	l := &numbers{}
	if n.tag != "ol" {
		return l
	}
	l.next, l.step, l.style = 1, 1, listStyle(n)
	if n.has("reversed") {
		l.next, l.step, l.odd = items(n), -1, true
	}
	if start, ok := number(n.get("start")); ok {
		l.next = start
	}
	l.odd = l.odd || l.next != 1 || l.style != "1"
	at := l.next
	for kid := n.first; kid != nil && !l.odd; kid = kid.next {
		if kid.tag != "li" {
			continue
		}
		value, given := number(kid.get("value"))
		l.odd = given && value != at || kid.size == 0 && kid.next != nil
		at += l.step
	}
	return l
}

func items(n *node) (count int) {
	for kid := n.first; kid != nil; kid = kid.next {
		if kid.tag == "li" {
			count++
		}
	}
	return count
}

// number parses the number of an item.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil && n > -mostNumber && n < mostNumber
}

// listStyles maps the CSS names of list styles to letters and numbers.
var listStyles = map[string]string{
	"lower-alpha": "a",
	"lower-latin": "a",
	"upper-alpha": "A",
	"upper-latin": "A",
	"lower-roman": "i",
	"upper-roman": "I",
}

func listStyle(n *node) string {
	switch t := strings.TrimSpace(n.get("type")); t {
	case "a", "A", "i", "I":
		return t
	}
	for part := range strings.SplitSeq(strings.ToLower(n.get("style")), ";") {
		name, value, _ := strings.Cut(part, ":")
		if name = strings.TrimSpace(name); name == "list-style-type" || name == "list-style" {
			for word := range strings.FieldsSeq(value) {
				if listStyles[word] != "" {
					return listStyles[word]
				}
			}
		}
	}
	return "1"
}

// label returns the bullet or the number before an item.
func (l *numbers) label() string {
	switch n := l.next; {
	case l.step == 0:
		return "- "
	case n > 0 && (l.style == "a" || l.style == "A"):
		return inCase(alphabetic(n), l.style == "A") + ". "
	case n > 0 && n < 4000 && (l.style == "i" || l.style == "I"):
		return inCase(roman(n), l.style == "I") + ". "
	default:
		return fmt.Sprintf("%d. ", n)
	}
}

func inCase(s string, upper bool) string {
	if upper {
		return strings.ToUpper(s)
	}
	return s
}

// alphabetic returns the n-th label in the series a to z, aa, ab and so on.
func alphabetic(n int) string {
	const count = 26
	s := ""
	for ; n > 0; n = (n - 1) / count {
		s = string(rune('a'+(n-1)%count)) + s
	}
	return s
}

func roman(n int) string {
	var b strings.Builder
	for _, r := range []struct {
		value int
		sign  string
	}{{
		1000,
		"m",
	}, {
		900,
		"cm",
	}, {
		500,
		"d",
	}, {
		400,
		"cd",
	}, {100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"}, {5, "v"}, {4, "iv"}, {1, "i"}} {
		for ; n >= r.value; n -= r.value {
			b.WriteString(r.sign)
		}
	}
	return b.String()
}

func (k *walker) list(n *node) {
	l, open := numbersOf(n), "LIST"
	if l.step != 0 {
		open = "LIST=1"
	}
	k.lists = append(k.lists, l)
	if k.lists = k.lists[:len(k.lists):len(k.lists)]; len(k.lists) > 1 {
		k.w.line()
	} else {
		k.w.para()
	}
	if l.odd { // its numbers are written as text
		k.kids(n)
	} else {
		k.begin(mark{open: open, shut: "LIST", lined: true})
		k.kids(n)
		k.end()
	}
	k.lists = k.lists[:len(k.lists)-1]
	if k.w.line(); len(k.lists) == 0 {
		k.w.para()
	}
}

func (k *walker) item(n *node) {
	k.w.line()
	if len(k.lists) == 0 {
		k.kids(n)
		k.w.line()
		return
	}
	l := k.lists[len(k.lists)-1]
	if value, ok := number(n.get("value")); ok && l.step != 0 {
		l.next = value
	}
	switch label := l.label(); {
	case k.bb && l.odd:
		if n.size > 0 {
			k.w.text(label)
		}
		k.kids(n)
		k.w.line()
	case k.bb:
		k.w.begin(mark{open: "*", lone: true})
		k.kids(n)
		k.w.end()
		k.w.line()
	case k.w.flat > 0 || len(k.lists) > mostQuotes:
		k.kids(n)
		k.w.line()
	default:
		before := k.w.indent
		k.w.indent += len(label)
		k.w.bullet = label
		k.kids(n)
		k.w.line()
		k.w.bullet, k.w.indent = "", before
	}
	l.next += l.step
}
