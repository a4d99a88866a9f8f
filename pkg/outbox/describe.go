package outbox

import (
	"strings"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/render"
)

// Limits of the portal's texts. QUIRK: a task chat cuts a message at 20,000 characters (chat-bots-v2/entities.md); a
// task's description is a TEXT column of 64 KiB.
const (
	maxTitle       = 250                      // characters
	maxComment     = 18_000                   // characters of the letter in a comment
	maxDescription = 15_000                   // characters of the letter in a description: at most 60,000 bytes
	maxChat        = 20_000 - desk.MarkerRoom // characters of a comment
	maxColumn      = 65_000                   // bytes of a description
	// of both: room for what is added to a text later, the names of files that are missing
	spare    = 1_000
	remarks  = 500 // characters: room for the remark that the text was cut
	ellipsis = "…" // ends a title that was cut
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
			attachWhole(m, post) // it is the head that is too long
		}
		if err := write(); err != nil {
			return err
		}
	}
	post.Title, post.Text = title, fitting(e.Kind, text, spare)
	return nil
}

// Tell writes the text of a remark: its notes.
func Tell(texts Texts, e *desk.Effect) {
	var lines []string
	for _, n := range e.Post.Notes {
		lines = append(lines, texts.Note(n))
	}
	e.Post.Text = fitting(desk.CommentTask, strings.Join(lines, "\n"), 0)
}

// cutShort reports whether a title lost its end when the signs in it were escaped, which makes it longer.
func cutShort(title, wanted string) bool {
	return strings.HasSuffix(title, ellipsis) && !strings.HasSuffix(wanted, ellipsis)
}

// rendered returns the title and the text of a post; one that is no new task keeps its title. The subject of a task
// whose title was cut stands above its text.
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

// excess returns by how much a text is longer than the portal takes, if so much is to be spare: a comment in
// characters, a description in bytes.
func excess(kind desk.Kind, text string, spare int) int {
	if kind == desk.OpenTask {
		return max(0, len(text)+spare-maxColumn)
	}
	return max(0, utf8.RuneCountInString(text)+spare-maxChat)
}

// fitting cuts the end of a text that is longer than the portal takes, as excess has it. An ellipsis stands for it.
func fitting(kind desk.Kind, text string, spare int) string {
	if over := excess(kind, text, spare); over > 0 {
		return markup.Cut(text, utf8.RuneCountInString(text)-over)
	}
	return text
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
	post.Files = append(post.Files, desk.File{
		Name: "message.eml",
		Type: "message/rfc822",
		Size: m.Size,
		Part: desk.WholeMessage,
	})
}
