package mailbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// TestRefusalsOfAllOrOfSome distinguishes a server that delivers nothing for now from single messages that it cannot
// deliver. Only the latter are reported one by one, since they may end in the quarantine.
func TestRefusalsOfAllOrOfSome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listed  int
		refused []int
		answer  string
		size    int64
		away    bool
	}{
		"all":                   {3, []int{1, 2, 3}, "NO Backend error", 5, true},
		"all, in batches":       {3, []int{1, 2, 3}, "NO Backend error", batchBytes, true},
		"the only one, for now": {1, []int{1}, "NO [UNAVAILABLE] Backend error", 5, true},
		"the only one, quota": {
			1,
			[]int{1},
			"NO [OVERQUOTA] Account exceeded command or bandwidth limits.",
			5,
			true,
		},
		"the only one, throttled": {
			1,
			[]int{1},
			"BAD Request is throttled. Suggested Backoff Time: 299910 milliseconds",
			5,
			true,
		},
		"the only one":      {1, []int{1}, "NO I/O error", 5, false},
		"one of three":      {3, []int{2}, "NO [SERVERBUG] cannot read it", 5, false},
		"the first batches": {3, []int{1, 2}, "NO [SERVERBUG] cannot read it", batchBytes, false},
		"the last batches":  {3, []int{2, 3}, "NO [SERVERBUG] cannot read it", batchBytes, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, greeting, func(command string) string {
				out := ""
				for uid := 1; uid <= c.listed && strings.HasPrefix(command, "UID FETCH"); uid++ {
					switch {
					case !asks(command, uid):
					case slices.Contains(c.refused, uid):
						return c.answer
					default:
						out += bodyOf(uid, "hello")
					}
				}
				return out
			})
			var ls []desk.Listing
			for uid := range uint32(c.listed) {
				ls = append(ls, desk.Listing{Place: desk.Place{UIDValidity: 7, UID: uid + 1}, Size: c.size})
			}
			var told, failed []int
			err := open(t, options(f.addr), true).Fetch(context.Background(), ls, 0,
				func(l desk.Listing, _ *spool.Body, err error) error {
					if told = append(told, int(l.UID)); err != nil {
						failed = append(failed, int(l.UID))
					}
					return nil
				})
			if c.away {
				if fault.ExtentOf(err) != fault.Server || fault.Of(err) != fault.Refused || len(told) > 0 ||
					!strings.Contains(fmt.Sprint(err), c.answer[4:]) {
					t.Errorf("told of %v, then %v", told, err)
				}
				return
			}
			if err != nil || len(told) != c.listed || !slices.IsSorted(told) || !slices.Equal(failed, c.refused) {
				t.Errorf("told of %v, failed %v, %v", told, failed, err)
			}
		})
	}
}
