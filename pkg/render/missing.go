package render

import "helpdesk/pkg/desk"

// Note returns the text of a note, for a text that was rendered before there was one.
func (s *Set) Note(n desk.Note) string { return s.note(n) }

// Missing returns the words that name files which could not be attached, for a text that was rendered before that was
// known; "" where the form has none.
func (s *Set) Missing(form desk.Form, names []string) string {
	t, ok := s.posts[form]
	if !ok || len(names) == 0 {
		return ""
	}
	var d post
	for _, name := range names {
		d.Missing = append(d.Missing, s.escape(name))
	}
	return phrase(t, "missing", d)
}
