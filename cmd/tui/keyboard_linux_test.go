package tui

import (
	"strings"
	"testing"
	"time"

	"helpdesk/internal/terminal"
)

// types types a text as soon as a prompt appears.
type types struct {
	text   string
	person interface{ WriteString(string) (int, error) }
	seen   strings.Builder
}

func (p *types) Write(b []byte) (int, error) {
	p.seen.Write(b)
	if strings.HasSuffix(string(b), ": ") {
		_, _ = p.person.WriteString(p.text)
	}
	return len(b), nil
}

// What a person types is not shown, even if they type before the program waits for it.
func TestNothingHiddenIsShown(t *testing.T) {
	program, person, err := terminal.Open(80)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _, _ = program.Close(), person.Close() }()
	p := &types{text: "pa55word\n", person: person}
	k := &Keyboard{in: program, out: p}
	got, err := k.Hidden(t.Context(), "Password: ")
	if got != "pa55word" || err != nil || p.seen.String() != "Password: \n" {
		t.Errorf("%q, %v, printed %q", got, err, &p.seen)
	}
	p.text = "line\n"
	if got, err := k.Line(t.Context(), "Name: "); got != "line" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_ = person.SetReadDeadline(time.Now().Add(time.Minute))
	shown := make([]byte, 100)
	n, err := person.Read(shown)
	if text := string(shown[:n]); err != nil || strings.Contains(text, "55") || !strings.Contains(text, "line") {
		t.Errorf("shown: %q, %v", text, err)
	}
}
