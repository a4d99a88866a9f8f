package bitrix

import (
	"context"
	"slices"
	"testing"
	"time"

	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// talked creates chats in which a specialist wrote, and returns the commands that read them.
func talked(t *testing.T, p *sandbox.Portal, c *Client, n int) (chats []int64, reads []Command) {
	t.Helper()
	for _, err := range ran(t.Context(), c, slices.Repeat([]Command{add("a")}, n)...) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, task := range p.Tasks() {
		p.Say(task.ID, 7, "an answer")
		chats = append(chats, task.Chat)
		reads = append(reads, Do("im.dialog.messages.search",
			With("CHAT_ID", task.Chat).With("LAST_ID", 0).With("ORDER", With("ID", "ASC"))))
	}
	return chats, reads
}

// instantly removes the delay between attempts.
func instantly(o *Options) { o.Sleep = func(context.Context, time.Duration) error { return nil } }

// failing makes every request fail that reads one of the chats.
func failing(p *sandbox.Portal, kind sandbox.FaultKind, chats ...int64) {
	p.Inject(func(k *sandbox.Call) sandbox.Fault {
		if k.Method == "im.dialog.messages.search" && slices.Contains(chats, k.Params.Int("CHAT_ID")) {
			return sandbox.Fault{Kind: kind}
		}
		return sandbox.Fault{}
	})
}

func TestOneCallThatFailsDoesNotStopTheOthers(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{sandbox.BadGateway, sandbox.Drop} {
		for _, at := range [][]int{{0}, {19}, {7}, {7, 8}, {0, 12}} {
			p, c := live(t, sandbox.PortalOptions{NewCard: true}, instantly)
			all, reads := talked(t, p, c, 20)
			var chats []int64
			for _, i := range at {
				chats = append(chats, all[i])
			}
			failing(p, kind, chats...)
			p.ResetCounts()
			answers, err := c.Batch(t.Context(), reads)
			if err != nil {
				t.Fatal(kind, at, err)
			}
			for i, a := range answers {
				if broken := slices.Contains(at, i); broken != (a.Err != nil) || broken == (len(a.Result) > 0) {
					t.Error(kind, at, i, a.Err, len(a.Result))
				}
			}
			tells(t, answers[at[0]].Err, outcome{fault.Refused, fault.One})
			if p.Hits() > 25 {
				t.Error(kind, at, p.Hits(), "requests")
			}
		}
	}
}

// If a portal answers nothing at all, this is noticed after a few requests.
func TestPortalThatIsAwayIsNotSearched(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true}, instantly)
	_, reads := talked(t, p, c, 20)
	p.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} })
	p.ResetCounts()
	_, err := c.Batch(t.Context(), reads)
	tells(t, err, outcome{fault.Unsure, fault.Server})
	if p.Hits() > 5 {
		t.Error(p.Hits(), "requests")
	}
}

// Writing commands are never repeated to find the one that failed.
func TestBatchThatWritesIsNotSearched(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true}, instantly)
	p.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} })
	for _, err := range ran(t.Context(), c, add("a"), add("b")) {
		tells(t, err, outcome{fault.Unsure, fault.Server})
	}
	if p.Hits() != 1 {
		t.Error(p.Hits(), "requests")
	}
}
