package outbox

import (
	"strings"
	"time"

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
	ellipsis       = "…"    // ends a title that was cut
)

// Describe renders the title and the text of a post. What is longer than the portal takes is cut, and the whole message
// attached. Cause says why a message could not be processed, or a letter not be delivered.
func Describe(texts Texts, zone *time.Location, m *desk.Message, e *desk.Effect, cause string) error {
	post := e.Post
	body, most := m.BBCode, maxComment
	switch {
	case e.Kind == desk.OpenTask:
		body, most = m.FullCode, maxDescription
	case post.Bare:
		body = ""
	case post.Whole:
		body = m.FullCode
	}
	if most -= len([]rune(post.Subject)); len([]rune(body)) > most {
		body = markup.Cut(body, most)
		attachWhole(m, post)
	}
	v := render.PostVars{Subject: post.Subject, Body: body, To: m.To, Cc: m.Cc, At: post.At.In(zone), Cause: cause}
	title, text, err := texts.Post(*post, v)
	if err == nil && e.Kind == desk.OpenTask && post.Subject == "" && cutShort(title, post.Title) {
		post.Subject, v.Subject = post.Title, post.Title
		title, text, err = texts.Post(*post, v)
	}
	if err != nil {
		return err
	}
	if e.Kind == desk.OpenTask {
		post.Title = markup.Title(title, maxTitle)
	}
	post.Text = text
	return nil
}

// cutShort says whether a title lost its end when the signs in it were escaped, which makes it longer.
func cutShort(title, wanted string) bool {
	return strings.HasSuffix(title, ellipsis) && !strings.HasSuffix(wanted, ellipsis)
}

// attachWhole attaches the message itself to a post that shows only the beginning of it, and says so.
func attachWhole(m *desk.Message, post *desk.Post) {
	if m.UID == 0 {
		return
	}
	post.Notes = append(post.Notes, desk.Note{Key: desk.NoteCut, Detail: desk.CutText})
	for _, f := range post.Files {
		if f.Part == desk.WholeMessage {
			return
		}
	}
	post.Files = append(post.Files, desk.File{Name: "message.eml", Type: "message/rfc822", Size: m.Size, Part: desk.WholeMessage})
}
