package portal

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// instantly removes the waits between attempts.
func instantly(o *Options) { o.Sleep = func(context.Context, time.Duration) error { return nil } }

// A large file on which the server fails waits alone. If every file fails, the server counts as unavailable.
func TestOneLargeFileThatFailsIsItsOwnMatter(t *testing.T) {
	for _, tt := range []struct {
		broken []string
		whole  bool
	}{{[]string{"b"}, false}, {[]string{"a", "c"}, false}, {[]string{"a", "b", "c"}, true}} {
		p, c := live(t, sandbox.PortalOptions{}, saved(map[string]string{savedFolder: "8930", savedInline: "262144"}))
		body := strings.Repeat("x", 300<<10)
		sent := 0
		p.Inject(func(k *sandbox.Call) sandbox.Fault {
			if k.Method != "upload" {
				return sandbox.Fault{}
			}
			if sent++; slices.Contains(tt.broken, string('a'+rune(sent-1))) {
				return sandbox.Fault{Kind: sandbox.BadGateway}
			}
			return sandbox.Fault{}
		})
		var files []desk.File
		for _, name := range []string{"a", "b", "c"} {
			files = append(files, desk.File{Name: name, Size: int64(len(body))})
		}
		got, err := c.Prepare(t.Context(), nil, files, func(int) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(body)), nil
		})
		if (err != nil) != tt.whole {
			t.Fatal(tt.broken, err)
		}
		for i, f := range files {
			if broken := slices.Contains(tt.broken, f.Name); !tt.whole && broken == (got.Objects[i] != 0) {
				t.Error(tt.broken, f.Name, got.Objects[i])
			} else if !tt.whole && broken {
				tells(t, got.Errs[i], told{fault.Refused, fault.One})
			}
		}
	}
}

// A task that can't be asked for its chat may have one: its comment is in doubt, and its talk counts as unread.
func TestChatThatCanNotBeAskedFor(t *testing.T) {
	for name, fault := range map[string]sandbox.Fault{
		"whole": {Kind: sandbox.BadGateway}, "command": {
			Kind:   sandbox.ErrorAnswer,
			Code:   "INTERNAL_SERVER_ERROR",
			Status: 500,
		},
	} {
		o := newCard()
		o.ChatOnlyInGet = true
		p, c := live(t, o, instantly)
		task := opened(t, c, 1)[0]
		e := commentEffect(task, "hd-0011223344556677 text")
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil {
			t.Fatal(m.Err)
		}
		p.Inject(func(k *sandbox.Call) sandbox.Fault {
			if k.Method == "im.chat.get" || k.Method == "tasks.task.get" {
				return fault
			}
			return sandbox.Fault{}
		})
		if found, err := c.Find(t.Context(), []desk.Effect{e}, time.Now().Add(-time.Minute)); err == nil &&
			found[0].Err == nil {
			t.Errorf("%s: certainly not there: %+v", name, found)
		}
		if talks, err := c.Talks(t.Context(), []desk.Watch{{Task: task}}); err == nil && talks[0].Err == nil {
			t.Errorf("%s: read: %+v", name, talks)
		}
	}
}
