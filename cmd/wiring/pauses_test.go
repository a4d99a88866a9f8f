package wiring

import (
	"context"
	"errors"
	"testing"
	"time"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/store"
)

// TestPauses counts the tries of a server by passes that run every minute and ask for it three times each.
func TestPauses(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want []int // the minutes in which the server is tried
	}{
		"a stale password": {fault.Misconfigured(errors.New("wrong password")), []int{0, 1, 6, 21, 36}},
		"a server away":    {fault.Away(fault.Refused, errors.New("connection refused")), []int{0, 1, 3, 7, 15, 30}},
		"one message":      {fault.New(fault.Refused, errors.New("no")), nil},
	} {
		s, err := store.Open(t.TempDir()+"/state.db", store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
		var tried []int
		for minute := range 40 {
			now = now.Add(time.Minute)
			found := &discoveries{s: s, now: func() time.Time { return now }, fresh: map[string][]byte{}}
			p := &pauses{found: found, now: func() time.Time { return now }}
			for range 3 {
				_, err := open(t.Context(), p, "imap support", "a", func(context.Context) (int, error) {
					if len(tried) == 0 || tried[len(tried)-1] != minute {
						tried = append(tried, minute)
					} else if c.want != nil {
						t.Errorf("%s: tried twice in minute %d", name, minute)
					}
					return 0, c.err
				})
				if fault.ExtentOf(err) != fault.ExtentOf(c.err) || fault.Of(err) != fault.Refused {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := found.keep(now); err != nil {
				t.Fatal(err)
			}
		}
		if c.want != nil && !equal(tried, c.want) {
			t.Errorf("%s: tried in minutes %v, want %v", name, tried, c.want)
		}
		if c.want == nil && len(tried) != 40 {
			t.Errorf("%s: tried in minutes %v", name, tried)
		}
		found := &discoveries{s: s, now: func() time.Time { return now }, fresh: map[string][]byte{}}
		p := &pauses{found: found, now: func() time.Time { return now.Add(time.Second) }}
		once := 0
		// changed settings are tried at once, also right after a success
		for _, settings := range []string{"b", "b", "a"} {
			if _, err := open(t.Context(), p, "imap support", settings, func(context.Context) (int, error) {
				once++
				return 1, nil
			}); err != nil {
				t.Errorf("%s: with new settings: %v", name, err)
			}
		}
		if once != 3 {
			t.Errorf("%s: tried %d times", name, once)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func equal(a, b []int) bool {
	if len(a) < len(b) {
		return false
	}
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
