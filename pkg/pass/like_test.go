package pass_test

import (
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// liking returns a world in which sent answers are shown by likes.
func liking(t *testing.T, o sandbox.PortalOptions) *world {
	w := newWorld(t, o)
	w.wired = func(p *pass.Pass, _ *store.Store) { p.Outbox.LikeSent = true }
	w.bring(letter("1@romashka.example", ivan, "Printer", "It does not print."))
	return w
}

// likes returns who likes the specialist's comments, and our comments in the task.
func (w *world) likes() (likes []int64, said []string) {
	task := w.portal.Tasks()[0]
	for _, c := range task.Comments {
		likes = append(likes, c.Likes...)
	}
	return likes, w.said(task)
}

// On the new card a like alone shows that an answer was sent; on the old card a comment shows it.
func TestLikeOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		t.Run(name, func(t *testing.T) {
			w := liking(t, o)
			w.answer("Restart it.")
			w.answer("// not for them")
			likes, said := w.likes()
			if o.NewCard && (len(likes) != 1 || likes[0] != 17 || len(said) != 0) {
				t.Errorf("likes by %v, told %q", likes, said)
			}
			if !o.NewCard && (len(likes) != 0 || len(said) != 1 ||
				!strings.Contains(said[0], "Ответ отправлен клиенту")) {
				t.Errorf("likes by %v, told %q", likes, said)
			}
		})
	}
}

// If the portal refuses the like, a comment says that the answer was sent.
func TestLikeThatIsRefused(t *testing.T) {
	t.Parallel()
	w := liking(t, sandbox.PortalOptions{NewCard: true})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.message.like" {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "WITHOUT_CHANGES", Text: "the same"}
		}
		return sandbox.Fault{}
	})
	w.answer("Restart it.")
	if likes, said := w.likes(); len(likes) != 0 || len(said) != 1 ||
		!strings.Contains(said[0], "Ответ отправлен клиенту") {
		t.Errorf("likes by %v, told %q", likes, said)
	}
}

// If the like may have been set, no comment is added.
func TestDyingOverALike(t *testing.T) {
	t.Parallel()
	w := liking(t, sandbox.PortalOptions{NewCard: true})
	w.clock.Advance(time.Minute)
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, "Restart it.")
	w.clock.Advance(time.Minute)
	w.steps = func(name string) {
		if name == "record results, before" {
			w.steps, w.dead = nil, name
			panic(died{name})
		}
	}
	if _, at := w.notify(); at == "" {
		t.Fatal("it did not die")
	}
	w.quiet()
	if likes, said := w.likes(); len(likes) != 1 || len(said) != 0 || w.twice() != 1 {
		t.Errorf("likes by %v, told %q, sent again %d times", likes, said, w.twice())
	}
}
