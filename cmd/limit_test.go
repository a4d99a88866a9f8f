package cmd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// Reaching the daily limit of auto-replies is alerted once, whatever the number of letters, and so is its end.
func TestTheLimitOfADayIsTold(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, "letters: {received: {limit: {per_day: 2}}}\n")
	n := 0
	arrive := func(many int) {
		t.Helper()
		for range many {
			n++
			d.letter(fmt.Sprintf("%d@c%d.example", n, n), fmt.Sprintf("ivan@c%d.example", n),
				fmt.Sprintf("Request number %d", n), "It does not print.")
		}
		d.minute("poll")
	}
	for _, c := range []struct {
		letters int
		after   time.Duration
		told    int
		last    string
	}{{
		2,
		0,
		0,
		"",
	}, {1, 0, 1, "letters.received.limit.per_day"}, {0, 0, 1, "limit.per_day"}, {2, 0, 1, "limit.per_day"},
		{1, 26 * time.Hour, 2, "Автоответы снова уходят"}, {1, 0, 2, ""}, {1, 0, 3, "limit.per_day"}} {
		d.clock.Advance(c.after)
		arrive(c.letters)
		told := slices.DeleteFunc(d.portal.Private(7), func(text string) bool {
			return !strings.Contains(text, "втоответы")
		})
		if len(told) != c.told || c.told > 0 && !strings.Contains(told[len(told)-1], c.last) {
			t.Errorf("after %d letters: told %q, want %d", n, told, c.told)
		}
	}
	if len(d.portal.Tasks()) != n {
		t.Errorf("%d tasks of %d letters", len(d.portal.Tasks()), n)
	}
}
