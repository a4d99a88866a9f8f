package render

import "helpdesk/pkg/desk"

// Note returns the text of a note, to be added to a text that was rendered without it.
func (s *Set) Note(n desk.Note) string { return s.note(n) }

// Missing returns the sentence that names files that could not be attached, to be added to a text that was rendered
// before; "" if the form has no such sentence.
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
