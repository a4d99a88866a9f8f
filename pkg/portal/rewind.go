package portal

import (
	"context"
	"slices"

	"helpdesk/pkg/desk"
)

// anchors reports whether a comment is the last known one, by number and date. The query for newer comments includes
// it: while it exists, newer comments have greater numbers. After a restore from a backup it may be missing, or its
// number may belong to another comment.
func (r *reading) anchors(c desk.Comment) bool {
	if r.own || r.last == 0 || c.ID != r.last || !r.lastAt.IsZero() && !c.At.Equal(r.lastAt) {
		return false
	}
	r.anchored = true
	return true
}

// astray reports whether the last known comment or result no longer exists. Then numbers are useless: either somebody
// has deleted it, or the portal was restored from a backup and gives out the later numbers again.
func (r *reading) astray() bool {
	if r.readUpTo.IsZero() || r.gone || r.failure() != nil {
		return false
	}
	result := func(res result) bool { return int64(res.ID) == r.lastResult }
	return r.last != 0 && !r.anchored ||
		r.lastResult != 0 && r.resultErr == nil && r.asked && !slices.ContainsFunc(r.results, result)
}

// rewind reads comments by date if numbers are useless. It takes one more request.
func (c *Reader) rewind(ctx context.Context, readings []*reading) error {
	var by []*reading
	of := map[*reading]*reading{}
	p := c.Plan()
	for _, r := range readings {
		if !r.astray() {
			continue
		}
		again := &reading{task: r.task, chat: r.chat, own: true, since: r.readUpTo, unlisted: r.unlisted}
		if by = append(by, again); r.chat != 0 {
			p.Add(again.search(), again.takeSearch)
		} else {
			p.Add(again.forum(), again.takeOld)
		}
		of[again] = r
	}
	if len(by) == 0 {
		return nil
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	if err := c.readChats(ctx, by); err != nil {
		return err
	}
	for _, again := range by {
		of[again].take(again)
	}
	return nil
}

// take replaces the comments that were read by number with those that were read by date.
func (r *reading) take(again *reading) {
	r.rewound, r.chatErr, r.oldErr = true, again.chatErr, again.oldErr
	r.comments = slices.DeleteFunc(again.comments, func(c desk.Comment) bool { return !c.At.After(r.readUpTo) })
	r.lastResult = 0
	for _, res := range r.results {
		if id := int64(res.ID); !res.CreatedAt.After(r.readUpTo) {
			r.lastResult = max(r.lastResult, id)
		}
	}
}
