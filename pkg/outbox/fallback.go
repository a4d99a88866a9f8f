package outbox

import (
	"context"
	"strconv"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// fallback replaces a task whose responsible user is unknown to the portal or dismissed. The new task belongs to
// somebody else and says so.
func (p *posts) fallback(ctx context.Context, d desk.Pending, err error) (desk.Result, bool) {
	f := d.Effect.Post.Fields
	if d.Effect.Kind != desk.OpenTask || f == nil || fault.ExtentOf(err) != fault.One || fault.Of(err) != fault.Never {
		return desk.Result{}, false
	}
	to := f.Fallback
	if to == 0 {
		to = p.staff.Self()
	}
	if f.Responsible == to {
		return desk.Result{}, false
	}
	if !p.isDismissed(ctx, f.Responsible) {
		return desk.Result{}, false
	}
	post, fields := *d.Effect.Post, *f
	post.Text += "\n\n" + p.kit.Texts(post.Mailbox, "").Note(desk.Note{
		Key:    desk.NoteFallback,
		Detail: strconv.FormatInt(f.Responsible, 10),
	})
	fields.Responsible, post.Fields = to, &fields
	e := d.Effect
	e.Post = &post
	p.tally.Wait(1)
	return desk.Result{Seq: d.Seq, Replace: &e, Note: err.Error()}, true
}

// isDismissed reports whether a user is unknown to the portal or dismissed. It asks once per pass. If it cannot ask, it
// returns false.
func (p *posts) isDismissed(ctx context.Context, user int64) bool {
	gone, asked := p.dismissed[user]
	if asked {
		return gone
	}
	gone, err := p.staff.Dismissed(ctx, user)
	if err != nil {
		p.Log.Debug("look at responsible", "user", user, "err", err)
	}
	if p.dismissed == nil {
		p.dismissed = map[int64]bool{}
	}
	p.dismissed[user] = gone
	return gone
}
