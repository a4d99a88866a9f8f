package pass

import (
	"fmt"
	"strings"

	"helpdesk/pkg/desk"
)

// renew gives those tasks the settings as they are now that a person lets be tried again, and notes it with the attempt.
func (p *Pass) renew(due []desk.Pending, a *desk.Attempts) {
	a.Fields = map[uint64]desk.Fields{}
	for _, d := range due {
		if !d.Freed || d.Unsure || d.Effect.Kind != desk.OpenTask {
			continue
		}
		if f, ok := p.kit.Rules.Renew(d.Effect.Post, p.Now()); ok {
			d.Effect.Post.Fields, a.Fields[d.Seq] = &f, f
		}
	}
}

// complements returns the effects as they are made: their texts were written when the messages were recorded, before it was
// known which files the portal does not take.
func (p *Pass) complements(due []desk.Pending) []desk.Effect {
	out := effects(due)
	for i, e := range out {
		if e.Post == nil || len(e.Post.Missing) == 0 {
			continue
		}
		if words := strings.TrimSpace(p.kit.Texts.Missing(e.Post.Form, e.Post.Missing)); words != "" {
			post := *e.Post
			post.Text += "\n\n" + words
			out[i].Post = &post
		}
	}
	return out
}

// left returns the name of a comment's file that stays in the portal, and its size where the portal tells one.
func left(f desk.File) string {
	if f.Size == 0 {
		return f.Name
	}
	return sized(f)
}

// sized returns the name and the size of a file that stays behind.
func sized(f desk.File) string {
	size := float64(f.Size)
	for _, unit := range []string{"B", "kB", "MB"} {
		if size < 1000 {
			return fmt.Sprintf("%s (%s %s)", f.Name, number(size), unit)
		}
		size /= 1000
	}
	return fmt.Sprintf("%s (%s GB)", f.Name, number(size))
}

func number(n float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0") }
