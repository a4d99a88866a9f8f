package bitrix

import (
	"context"
	"io"
	"log"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

const secret = "abc123secret"

// client returns a client of the script with a stopped clock, which never sleeps.
func client(t *testing.T, s *testkit.Script, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Webhook: s.URL + "/rest/17/" + secret + "/", Timeout: 5 * time.Second,
		Now:   func() time.Time { return time.Date(2026, 8, 20, 12, 0, 0, 0, time.FixedZone("", 3*3600)) },
		Sleep: func(context.Context, time.Duration) error { return nil },
		Named: regexp.MustCompile("(?i)title|rights").MatchString,
	}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// live returns a client of an embedded portal.
func live(t *testing.T, o sandbox.PortalOptions, change ...func(*Options)) (*sandbox.Portal, *Client) {
	t.Helper()
	p := sandbox.NewPortal(o)
	webhook, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	opts := Options{Webhook: webhook, Timeout: 5 * time.Second}
	saved(map[string]string{})(&opts)
	for _, f := range change {
		f(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

// add returns a command that writes.
func add(title string) Command {
	return Do("tasks.task.add", With("fields", With("TITLE", title).With("RESPONSIBLE_ID", 7)))
}

// ran runs the commands and returns the error of each.
func ran(ctx context.Context, c *Client, cmds ...Command) []error {
	answers, _ := c.Batch(ctx, cmds)
	errs := make([]error, len(answers))
	for i, a := range answers {
		errs[i] = a.Err
	}
	return errs
}

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func saved(values map[string]string) func(*Options) {
	return func(o *Options) {
		o.Load = func(name string, _ time.Duration) []byte { return []byte(values[name]) }
		o.Save = func(name string, v []byte) { values[name] = string(v) }
	}
}

// outcome is the outcome described by an error.
type outcome struct {
	Outcome fault.Outcome
	Extent  fault.Extent
}

func tells(t *testing.T, err error, want outcome) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := (outcome{fault.Of(err), fault.ExtentOf(err)}); got != want {
		t.Errorf("outcome %v extent %v, want %v %v: %v", got.Outcome, got.Extent, want.Outcome, want.Extent, err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the webhook is in the error: %v", err)
	}
}

// opened creates tasks and returns their ids.
func opened(t *testing.T, p *sandbox.Portal, c *Client, n int) (ids []int64) {
	t.Helper()
	known := len(p.Tasks())
	for _, err := range ran(t.Context(), c, slices.Repeat([]Command{add("a")}, n)...) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, task := range p.Tasks()[known:] {
		ids = append(ids, task.ID)
	}
	return ids
}
