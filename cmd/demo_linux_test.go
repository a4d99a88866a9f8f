package cmd

import "testing"

// TestDemoWaits: on a terminal the demonstration waits for Enter after each page, except with --no-pause.
func TestDemoWaits(t *testing.T) {
	t.Parallel()
	s := onTerminal(t, t.TempDir(), []string{"TZ=UTC"}, "demo")
	for _, page := range []string{"1/9. ", "2/9. ", "3/9. ", "4/9. ", "5/9. ", "6/9. ", "7/9. ", "8/9. "} {
		s.expects(page)
		s.expects("Enter: next")
		s.types("")
		s.expects("\x1b[2J")
	}
	s.expects("9/9. ")
	if err := s.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, s.Seen())
	}
	s = onTerminal(t, t.TempDir(), []string{"TZ=UTC"}, "demo", "--no-pause")
	s.expects("9/9. ")
	if err := s.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, s.Seen())
	}
}
