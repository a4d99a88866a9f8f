package eml

import (
	"net/url"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

const (
	maxIDs = 1000
	maxRef = 500 // bytes of a reference to a picture
)

var angleID = lazy.Regexp(`<([^<>]+)>`)

// idsOf returns the Message-IDs in a field, without <>. An id without a left part is ignored. Words without <> count
// only if the field contains no <.
func idsOf(h desk.Header, name string) []string {
	var ids []string
	for _, v := range h.Values(name) {
		ids = append(ids, idsIn(v)...)
	}
	return ids[:min(len(ids), maxIDs)]
}

func idsIn(v string) []string {
	var ids []string
	for _, m := range angleID().FindAllStringSubmatch(v, maxIDs) {
		if id := cleanID(m[1]); id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 || strings.ContainsAny(v, "<>") {
		// QUIRK: a length limit cut off the closing >.
		if i := strings.LastIndexByte(v, '<'); len(ids) == 0 && i >= 0 && !strings.Contains(v[i:], ">") {
			if id := cleanID(v[i+1:]); strings.Contains(id, "@") {
				return []string{id}
			}
		}
		return ids
	}
	for _, word := range strings.Fields(v) {
		if id := cleanID(word); strings.Contains(id, "@") {
			ids = append(ids, id)
		}
	}
	return ids
}

// cleanID normalizes a Message-ID. QUIRK: Outlook and Exchange fold long ids in the middle.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || glyph.Invisible(r) {
			return -1
		}
		return r
	}, id)
	if strings.HasPrefix(id, "@") || len(id) > 2000 {
		return ""
	}
	return id
}

// PictureIDs returns the Content-IDs that an HTML text refers to, in lower case.
func PictureIDs(html string) map[string]bool {
	refs := map[string]bool{}
	for {
		before, after, found := strings.Cut(html, ":")
		if !found {
			return refs
		}
		html = after
		if !strings.HasSuffix(strings.ToLower(before[max(0, len(before)-4):]), "cid") { // four bytes: an i may have two
			continue
		}
		ref := after[:min(len(after), 3*maxRef+1)] // a lower-case string may have a third of the bytes
		if end := strings.IndexAny(ref, "\"'<> \t\r\n)"); end >= 0 {
			ref = ref[:end]
		}
		if ref = strings.ToLower(ref); len(ref) > maxRef {
			continue
		}
		refs[ref] = true
		if plain, err := url.PathUnescape(ref); err == nil {
			refs[plain] = true
		}
	}
}

// ownForm matches an id in the form of desk.Signer.MessageID anywhere in a text.
var ownForm = lazy.Regexp(`(?i)\bhd\.[0-9a-f]{32}\.[0-9a-f]{16}@[a-z0-9.-]+`)

// ownLooking finds ids in our form in the text of a report, since not every server returns the headers as a part.
func ownLooking(text string) []string {
	return ownForm().FindAllString(text, 100)
}
