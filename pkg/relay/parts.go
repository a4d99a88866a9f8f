package relay

import (
	"cmp"
	"fmt"
	"mime"
	"net/url"
	"strings"

	"github.com/wneessen/go-mail"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

// fileName returns the part's name as a safe file name.
func fileName(p desk.Part) string { return cmp.Or(glyph.FileName(p.Name), "file") }

// partHeader writes the header of a file or picture.
//
// QUIRK: go-mail puts an encoded word inside the quotes of a file name, on one line of any length. Mail programs agree
// on RFC 2231; Outlook and Gmail also read the encoded word in Content-Type's name. So each field gets its own form.
func partHeader(p desk.Part, disposition string) mail.FileOption {
	name := fileName(p)
	return func(f *mail.File) {
		f.Header.Set("Content-Type", mediaType(p.Type)+oldName(name))
		f.Header.Set("Content-Disposition", disposition+newName(name))
		if id := strings.Trim(p.ContentID, "<>"); validID(id) {
			f.Header.Set("Content-ID", "<"+id+">")
		}
	}
}

// mediaType returns the type without parameters. A part that contains parts must not be encoded (RFC 2046, 5.1 and
// 5.2.1), so it is sent as a plain file.
func mediaType(t string) string {
	media, _, err := mime.ParseMediaType(t)
	if err != nil || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") ||
		strings.HasPrefix(media, "message/") {
		return "application/octet-stream"
	}
	return media
}

// oldName returns the name as an encoded word in quotes, folded between its words.
func oldName(name string) string {
	return ";\r\n name=\"" + strings.ReplaceAll(mime.BEncoding.Encode("utf-8", name), " =?", "\r\n =?") + `"`
}

// pieceLength is the length of one line's piece of a name.
const pieceLength = 60

// newName returns the name as RFC 2231 defines it, in pieces if it is long.
func newName(name string) string {
	if ascii(name) && len(name) <= pieceLength {
		return fmt.Sprintf(";\r\n filename=%q", name)
	}
	var pieces []string
	piece := "utf-8''"
	for _, r := range name {
		c := url.PathEscape(string(r))
		if strings.ContainsAny(c, "'()*;,=@+&$:!") {
			c = fmt.Sprintf("%%%02X", r)
		}
		if len(piece)+len(c) > pieceLength {
			pieces, piece = append(pieces, piece), ""
		}
		piece += c
	}
	pieces = append(pieces, piece)
	if len(pieces) == 1 {
		return ";\r\n filename*=" + pieces[0]
	}
	var b strings.Builder
	for i, p := range pieces {
		fmt.Fprintf(&b, ";\r\n filename*%d*=%s", i, p)
	}
	return b.String()
}
