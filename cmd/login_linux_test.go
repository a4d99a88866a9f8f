package cmd

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/sandbox/auth"
)

// TestLoginByPastedAddress signs in from a browser on another machine: the person pastes the address of its last page,
// after first pasting a wrong one.
func TestLoginByPastedAddress(t *testing.T) {
	t.Parallel()
	d, p := signing(t, auth.Options{Redirect: "https://firm.example/nothing"})
	env := []string{"LANG=ru_RU.UTF-8", "TZ=UTC"}
	for name, value := range d.environment() {
		env = append(env, name+"="+value)
	}
	s := onTerminal(t, d.dir, env, "login", "support")
	s.expects("/authorize?")
	s.expects("\n\r\n")
	page := regexp.MustCompile(`http://127\.0\.0\.1:\d+/authorize\?[^\s]+`).FindString(strings.ReplaceAll(s.Seen(),
		"\r", ""))
	s.expects(": ")
	s.types("https://firm.example/")
	s.expects(": ")
	back, err := p.Browse(page, "support", true)
	if err != nil {
		t.Fatal(err)
	}
	s.types(back)
	done := make(chan error, 1)
	go func() { done <- s.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Seen())
		}
	case <-time.After(time.Minute):
		t.Fatalf("it never ends:\n%s", s.Seen())
	}
	if !strings.Contains(s.Seen(), "support ") || strings.Contains(s.Seen(), "access-") {
		t.Errorf("%s", s.Seen())
	}
	d.must(0, "poll")
}
