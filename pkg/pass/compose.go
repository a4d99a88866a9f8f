package pass

import (
	"context"
	"errors"
	"html/template"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/render"
)

// letter renders a draft with what is known now: the task's number, the contact's name, the comments' files.
func (p *Pass) letter(ctx context.Context, b Box, t desk.Ticket, d desk.Pending) (desk.Letter, error) {
	draft := d.Effect.Letter
	name, err := p.name(ctx, draft.To)
	if err != nil {
		return desk.Letter{}, err
	}
	v := render.Vars{Contact: name, Address: draft.To.Addr, Ticket: t.Number, Task: t.Task, Token: p.Signer.Token(t.Task),
		Subject: draft.Subject, Mailbox: b.Sender.Name, MailboxFrom: b.Sender.Addr, Date: p.date(b, draft.Date)}
	if p.Link != nil {
		v.Link = p.Link(t.Task)
	}
	var files []desk.Part
	if draft.Kind == desk.Answer {
		v.Quote, v.QuoteDate = strings.Split(t.LastText, "\n"), p.date(b, t.LastAt)
		if v.Comments, files, err = p.comments(ctx, b, draft); err != nil {
			return desk.Letter{}, err
		}
		v.Specialist, v.Position = draft.Comments[0].Name, draft.Comments[0].Position
	}
	r, err := p.kit.Texts.Letter(draft.Kind, v)
	if err != nil {
		return desk.Letter{}, err
	}
	l := desk.Letter{MessageID: p.Signer.MessageID(d.Effect.Key, b.Sender.Domain()), From: b.Sender,
		To: desk.Address{Addr: draft.To.Addr}, Subject: r.Subject, HTML: r.HTML, Text: r.Text, Date: p.Now().In(b.Zone),
		InReplyTo: draft.InReplyTo, References: draft.References, Automatic: draft.Automatic(), Loop: p.Instance,
		Inline: r.Inline, Files: files}
	if l.Automatic {
		l.EnvelopeFrom = b.EnvelopeFrom
	}
	return l, nil
}

func (p *Pass) date(b Box, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.kit.Texts.Date(t.In(b.Zone))
}

// comments brings comments into the form of a letter, with those of their files that it may carry.
func (p *Pass) comments(ctx context.Context, b Box, draft *desk.Draft) ([]render.Comment, []desk.Part, error) {
	var (
		out   []render.Comment
		parts []desk.Part
		room  = p.MaxAttachments
	)
	if draft.Bare {
		room = -1 // not even for an empty file
	}
	for _, c := range draft.Comments {
		text := markup.Outward(c.Text, p.PortalHost)
		one := render.Comment{Name: c.Name, Position: c.Position, Date: p.date(b, c.At),
			HTML: template.HTML(markup.HTML(text)), Text: markup.Plain(text)}
		for _, f := range c.Files {
			part, err := p.download(ctx, f, room)
			if fault.Of(err) == fault.Never || part == nil && err == nil {
				one.Left = append(one.Left, left(f))
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			room -= int64(len(part.Content))
			one.Files = append(one.Files, f.Name)
			parts = append(parts, *part)
		}
		out = append(out, one)
	}
	return out, parts, nil
}

// download gets a file from the portal; nil without an error where it is larger than there is room for.
func (p *Pass) download(ctx context.Context, f desk.File, room int64) (*desk.Part, error) {
	if f.Size > room {
		return nil, nil
	}
	got := bounded{room: room}
	err := p.Feed.Download(ctx, f, &got)
	if errors.Is(err, errNoRoom) {
		return nil, nil
	}
	if err != nil {
		p.Log.Warn("download file", "err", err)
		return nil, err
	}
	return &desk.Part{Name: f.Name, Type: f.Type, Content: got.content.Bytes()}, nil
}
