package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing wrong in a configuration file.
type Mistake struct {
	File    string
	Line    int    // from 1; 0 = the file as a whole
	Column  int    // from 1
	Key     string // mailboxes[0].imap.password; "" = not about a key
	Message string // never contains a value of the file
}

// Error returns file:line:column: key: message.
func (m Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	if m.Key != "" {
		b.WriteString(": " + m.Key)
	}
	return b.String() + ": " + m.Message
}

// Mistakes are all mistakes in a configuration file, by line.
type Mistakes []Mistake

// Error returns a line for each mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

func (ms Mistakes) sort() {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
