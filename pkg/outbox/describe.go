package outbox

import (
	"strings"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/render"
)

// Limits for texts in the portal. QUIRK: a task chat truncates a message at 20,000 characters
// (chat-bots-v2/entities.md); a task's description is a TEXT column of 64 KiB.
const (
	maxTitle       = 250                      // characters
	maxComment     = 18_000                   // characters of the letter's text in a comment
	maxDescription = 15_000                   // characters of the letter's text in a description: at most 60,000 bytes
	maxChat        = 20_000 - desk.MarkerRoom // characters of a whole comment
	maxColumn      = 65_000                   // bytes of a whole description
	// characters or bytes reserved for text that is added later: the names of missing files
	spare    = 1_000
	remarks  = 500 // characters reserved for the remark that the text was cut
	ellipsis = "…" // the end of a truncated title
)

// Describe renders the title and the text of a post. A text that is too long for the portal is cut, and the whole
// message is attached. cause is the reason why a message could not be processed or a letter not delivered.
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
	cut := false
	shorten := func(room int) {
		if short := markup.Cut(body, max(room, 1)); short != body {
			body = short
			if !cut {
				attachWhole(m, post)
			}
			cut = true
		}
	}
	v := render.PostVars{To: m.To, Cc: m.Cc, At: post.At.In(zone), Cause: cause}
	title, text := "", ""
	write := func() (err error) {
		v.Body = body
		title, text, err = rendered(texts, e, v)
		return err
	}
	shorten(most - utf8.RuneCountInString(post.Subject))
	if err := write(); err != nil {
		return err
	}
	if over := excess(e.Kind, text, spare); over > 0 {
		shorten(utf8.RuneCountInString(body) - over - remarks)
		if !cut {
			attachWhole(m, post) // the head of the text is too long
		}
		if err := write(); err != nil {
			return err
		}
	}
	post.Title, post.Text = title, fitting(e.Kind, text, spare)
	return nil
}

// Tell renders the notes of a remark as its text.
func Tell(texts Texts, e *desk.Effect) {
	var lines []string
	for _, n := range e.Post.Notes {
		lines = append(lines, texts.Note(n))
	}
	e.Post.Text = fitting(desk.CommentTask, strings.Join(lines, "\n"), 0)
}

// cutShort reports whether a title was truncated because escaping its special characters made it longer.
func cutShort(title, wanted string) bool {
	return strings.HasSuffix(title, ellipsis) && !strings.HasSuffix(wanted, ellipsis)
}

// rendered returns the title and the text of a post. Only a new task gets a new title. If its title was truncated, its
// subject is placed above the text.
func rendered(texts Texts, e *desk.Effect, v render.PostVars) (title, text string, err error) {
	post := e.Post
	v.Subject = post.Subject
	title, text, err = texts.Post(*post, v)
	if err == nil && e.Kind == desk.OpenTask && post.Subject == "" && cutShort(title, post.Title) {
		post.Subject, v.Subject = post.Title, post.Title
		title, text, err = texts.Post(*post, v)
	}
	if err != nil || e.Kind != desk.OpenTask {
		return post.Title, text, err
	}
	return markup.Title(title, maxTitle), text, nil
}

// excess returns by how much a text is too long for the portal, with spare reserved: in characters for a comment, in
// bytes for a description.
func excess(kind desk.Kind, text string, spare int) int {
	if kind == desk.OpenTask {
		return max(0, len(text)+spare-maxColumn)
	}
	return max(0, utf8.RuneCountInString(text)+spare-maxChat)
}

// fitting cuts the end of a text that is too long according to excess, and adds an ellipsis.
func fitting(kind desk.Kind, text string, spare int) string {
	if over := excess(kind, text, spare); over > 0 {
		return markup.Cut(text, utf8.RuneCountInString(text)-over)
	}
	return text
}

// attachWhole attaches the message itself to a post that shows only its beginning, and adds a note.
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
	post.Files = append(post.Files, desk.File{
		Name: "message.eml",
		Type: "message/rfc822",
		Size: m.Size,
		Part: desk.WholeMessage,
	})
}
