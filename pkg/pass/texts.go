package pass

import (
	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/render"
)

// Limits of the portal's texts. QUIRK: a task chat cuts a message at 20,000 characters (chat-bots-v2/entities.md); a
// task's description is a TEXT column of 64 KiB.
const (
	maxTitle       = 250    // characters
	maxComment     = 18_000 // characters
	maxDescription = 15_000 // characters: at most 60,000 bytes
)

// describe renders the title and the text of a post. What is longer than the portal takes is cut, and the whole message
// attached.
func (p *Pass) describe(b Box, m *desk.Message, e *desk.Effect, cause string) error {
	post := e.Post
	body, most := m.BBCode, maxComment
	if e.Kind == desk.OpenTask {
		body, most = m.FullCode, maxDescription
	}
	if len([]rune(body)) > most {
		body = markup.Cut(body, most)
		p.whole(m, post)
	}
	v := render.PostVars{Body: body, From: m.From, To: m.To, Cc: m.Cc, At: post.At.In(b.Zone), Cause: cause}
	title, text, err := p.kit.Texts.Post(*post, v)
	if err != nil {
		return err
	}
	if e.Kind == desk.OpenTask {
		post.Title = markup.Title(title, maxTitle)
	}
	post.Text = text
	return nil
}

// whole attaches the message itself to a post that shows only a part of it.
func (p *Pass) whole(m *desk.Message, post *desk.Post) {
	for _, f := range post.Files {
		if f.Part == desk.WholeMessage {
			return
		}
	}
	if m.UID == 0 {
		return
	}
	post.Notes = append(post.Notes, desk.Note{Key: desk.NoteCut})
	post.Files = append(post.Files, desk.File{Name: "message.eml", Type: "message/rfc822", Size: m.Size, Part: desk.WholeMessage})
}
