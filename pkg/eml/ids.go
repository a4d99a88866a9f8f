package eml

import (
	"net/url"
	"regexp"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

const (
	maxIDs = 1000
	maxRef = 500 // bytes of what a picture is referred to by
)

var angleID = regexp.MustCompile(`<([^<>]+)>`)

// idsOf returns the Message-IDs a field holds, without <>. An id that is empty or has no left part is none; words
// without <> count where the field has no < at all.
func idsOf(h desk.Header, name string) []string {
	var ids []string
	for _, v := range h.Values(name) {
		ids = append(ids, idsIn(v)...)
	}
	return ids[:min(len(ids), maxIDs)]
}

func idsIn(v string) []string {
	var ids []string
	for _, m := range angleID.FindAllStringSubmatch(v, maxIDs) {
		if id := cleanID(m[1]); id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 || strings.ContainsAny(v, "<>") {
		// QUIRK: the closing > cut off by a length limit.
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

// cleanID folds a Message-ID to one spelling. QUIRK: long ids are folded in the middle by Outlook and Exchange.
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

// PictureIDs returns the Content-IDs an HTML text refers to, in lower case.
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
		ref := after[:min(len(after), 3*maxRef+1)] // in lower case it may have a third of the bytes
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

// ownForm is the form of desk.Signer.MessageID, wherever it stands in a text.
var ownForm = regexp.MustCompile(`(?i)\bhd\.[0-9a-f]{32}\.[0-9a-f]{16}@[a-z0-9.-]+`)

// ownLooking finds ids of our form in the text of a report: not every server returns the headers as a part.
func ownLooking(text string) []string {
	return ownForm.FindAllString(text, 100)
}
