package outbox

import (
	"cmp"
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

// letter renders a draft with what is known now: the task's number, the contact's name and the comments' files.
func (l *letters) letter(ctx context.Context, s Sender, t desk.Ticket,
	d desk.Pending) (_ desk.Letter, left []string, err error) {
	draft := d.Effect.Letter
	texts := l.kit.Texts(s.Name, t.Locale)
	name, known, err := l.name(ctx, draft.To)
	if err != nil {
		return desk.Letter{}, nil, err
	}
	v := render.Vars{Contact: name, Nameless: known && name == "", Address: draft.To.Addr, Ticket: t.Number,
		Task: t.Task, Token: l.Signer.Token(t.Task),
		Subject: draft.Subject, Mailbox: s.From.Name, MailboxFrom: s.From.Addr, Date: date(texts, s, draft.Date)}
	if s.Links {
		v.Link = l.Link(t.Task)
	}
	var files []desk.Part
	if draft.Kind == desk.Answer {
		v.Quote, v.QuoteDate = strings.Split(t.LastText, "\n"), date(texts, s, t.LastAt)
		if v.Comments, files, err = l.comments(ctx, s, texts, draft); err != nil {
			return desk.Letter{}, nil, err
		}
		for _, c := range v.Comments {
			left = append(left, c.Left...)
		}
		v.Greeted = l.kit.Rules.Greets(draft.Comments[0].Text)
		v.Specialist, v.Position = draft.Comments[0].Name, draft.Comments[0].Position
	}
	now := l.Now()
	kind := draft.KindAt(now)
	if kind == desk.OffHours {
		v.OpensAt = texts.OpensAt(draft.Opens.In(s.Zone), now.In(s.Zone))
	}
	r, err := texts.Letter(kind, v)
	if err != nil {
		return desk.Letter{}, nil, err
	}
	letter := desk.Letter{MessageID: l.Signer.MessageID(cmp.Or(draft.As, d.Effect.Key), s.From.Domain()), From: s.From,
		To: desk.Address{Addr: draft.To.Addr}, Cc: draft.Cc, Only: draft.Only, Subject: r.Subject, HTML: r.HTML,
		Text: r.Text, Date: l.Now().In(s.Zone),
		InReplyTo: draft.InReplyTo, References: draft.References, Automatic: draft.Automatic(), Loop: l.Instance,
		Inline: r.Inline, Files: files}
	if letter.Automatic == desk.AutoReplied {
		letter.EnvelopeFrom = s.EnvelopeFrom
	}
	if d.Failures > 0 && letter.Only.Addr == "" && len(letter.Cc) > 0 {
		// The failure may be due to someone in copy, so the letter goes to the requester alone first.
		letter.Only = letter.To
	}
	return letter, left, nil
}

func date(texts Texts, s Sender, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return texts.Date(t.In(s.Zone))
}

// comments renders comments for a letter, with those of their files that fit into it.
func (l *letters) comments(ctx context.Context, s Sender, texts Texts,
	draft *desk.Draft) ([]render.Comment, []desk.Part, error) {
	var (
		out   []render.Comment
		parts []desk.Part
		room  = l.MaxAttachments
	)
	if draft.Bare {
		room = -1 // excludes even an empty file
	}
	for _, c := range draft.Comments {
		text := c.Text
		if !s.Links {
			text = markup.Outward(c.Text, l.PortalHost)
		}
		one := render.Comment{Name: c.Name, Position: c.Position, Date: date(texts, s, c.At),
			HTML: template.HTML(markup.HTML(text)), Text: markup.Plain(text)}
		for _, f := range c.Files {
			part, err := l.download(ctx, f, room)
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

// download gets a file from the portal. It returns nil without an error if the file is larger than room.
func (l *letters) download(ctx context.Context, f desk.File, room int64) (*desk.Part, error) {
	if f.Size > room {
		return nil, nil
	}
	got := bounded{room: room}
	err := l.portal.Download(ctx, f, &got)
	if errors.Is(err, errNoRoom) {
		return nil, nil
	}
	if err != nil {
		l.Log.Warn("download file", "err", err)
		return nil, err
	}
	return &desk.Part{Name: f.Name, Type: f.Type, Content: got.content.Bytes()}, nil
}

// left returns the name of a file that stays in the portal, and its size if the portal reports one.
func left(f desk.File) string {
	if f.Size == 0 {
		return f.Name
	}
	return sized(f)
}
