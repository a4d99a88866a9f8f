package portal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// session makes the calls of a client's day.
func session(t *testing.T, c *Client) error {
	t.Helper()
	ctx := context.Background()
	c.Check(ctx, Want{Users: []int64{7}, CRM: true})
	if _, err := c.Prepare(ctx, []string{"ivan@customer.example"}, nil, nil); err != nil {
		return err
	}
	made := c.Make(ctx, []desk.Effect{openEffect("0123456789abcdef", "Printer of Ivan Petrov"),
		openEffect("123456789abcdef0", "Another")})
	var watched []desk.Watch
	for _, o := range made {
		if o.Err != nil || o.Task == 0 {
			return fmt.Errorf("task %d: %w", o.Task, o.Err)
		}
		watched = append(watched, desk.Watch{Task: o.Task})
	}
	_, err := c.Talks(ctx, watched)
	return err
}

func TestRecordingIsReplayed(t *testing.T) {
	for name, o := range map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}} {
		t.Run(name, func(t *testing.T) {
			o.Contacts = []sandbox.Contact{{
				ID:       5,
				Name:     "Ivan",
				LastName: "Petrov",
				Emails:   []string{"ivan@customer.example"},
			}}
			dir := t.TempDir()
			p, c := live(t, o, func(o *Options) { o.Record = dir })
			if err := session(t, c); err != nil {
				t.Fatal(err)
			}
			secrets := []string{p.Code(), "Petrov", "Printer", "ivan@", "Anna", "0123456789abcdef", "127.0.0.1"}
			files, _ := os.ReadDir(dir)
			for _, f := range files {
				raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range secrets {
					if strings.Contains(string(raw), s) || strings.Contains(f.Name(), s) {
						t.Errorf("%s tells %q:\n%s", f.Name(), s, raw)
					}
				}
			}
			if len(files) != 2*p.Hits() {
				t.Errorf("%d files of %d requests", len(files), p.Hits())
			}
			answers, err := testkit.Recording(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			r := testkit.NewScript(t, answers...)
			again, err := New(Options{Options: bitrix.Options{Webhook: r.URL + "/rest/17/code/",
				Sleep: func(context.Context, time.Duration) error { return nil }}})
			if err != nil {
				t.Fatal(err)
			}
			again.meet(17) // the recording contains no user numbers
			if err := session(t, again); err != nil {
				t.Fatal(err)
			}
			if r.Count() != len(answers) {
				t.Errorf("%d of %d requests were asked", r.Count(), len(answers))
			}
		})
	}
}
