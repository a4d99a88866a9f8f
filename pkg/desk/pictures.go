package desk

import (
	"fmt"
	"slices"
	"strings"

	"helpdesk/pkg/glyph"
)

const (
	pictureMax   = 200 << 10 // bytes; a larger picture does not belong to a signature
	picturesMost = 20        // pictures of one letter that are remembered
	pictureTwice = 2         // a picture in this many earlier letters of the sender is left out
)

// picturesRule leaves the pictures of signatures out of a post's files. They come with every letter of a sender, and
// nobody wants them in the task again and again.
func picturesRule() rule {
	return rule{"pictures", "", fmt.Sprintf("a picture of at most %d kB was in two earlier letters of this sender, "+
		"or in one and stands in the signature or the quote of this; in a comment, one that stands in what was cut "+
		"off", pictureMax>>10),
		"not uploaded; named here, and on the post where it was an attachment", askPictures}
}

func small(a Attachment) bool {
	return strings.HasPrefix(a.Type, "image/") && a.Size <= pictureMax && a.Hash != ""
}

// smallPictures returns the hashes of the pictures that may belong to a signature.
func smallPictures(m *Message) []string {
	var hashes []string
	for _, a := range m.Attachments {
		if small(a) && len(hashes) < picturesMost && !slices.Contains(hashes, a.Hash) {
			hashes = append(hashes, a.Hash)
		}
	}
	return hashes
}

// recurring finds the pictures that are left out. cut says that the post leaves out a part of the letter, and that the
// whole letter is attached.
func (w *weighing) recurring(cut bool) {
	if w.recurs != nil || len(smallPictures(w.m)) == 0 {
		return
	}
	w.recurs = map[int]bool{}
	var attached []string
	for i, a := range w.m.Attachments {
		seen := w.f.Pictures[a.Hash]
		if !small(a) || seen < pictureTwice && !(a.Cut && (seen > 0 || cut)) {
			continue
		}
		w.recurs[i] = true
		if !a.Inline {
			attached = append(attached, a.Name)
		}
	}
	w.ask(GroupFiles, picturesRule())
	if len(attached) > 0 { // the writer may ask the reader to look at one of them
		w.note(NotePictures, strings.Join(attached, ", "), 0)
	}
}

func askPictures(w *weighing) (string, bool) {
	var names []string
	for i, a := range w.m.Attachments {
		if w.recurs[i] {
			names = append(names, a.Name)
		}
	}
	return glyph.Cut(strings.Join(names, ", "), 200), len(names) > 0
}

// forwarded adds notes about the writers of the forwarded letters, and about the invitations in the message.
func (w *weighing) forwarded() {
	for _, e := range w.m.Events {
		w.note(NoteEvent, glyph.Cut(glyph.Line(e), 300), 0)
	}
	var names []string
	for _, a := range w.m.Forwarded {
		name := a.String()
		if a.Addr == "" {
			name = a.Name
		}
		if name = glyph.Line(name); name != "" && a.Key() != w.m.From.Key() && !w.r.isOwn(a.Addr) &&
			!slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		w.note(NoteForwarded, glyph.Cut(strings.Join(names, ", "), 300), 0)
	}
}
