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

// fileName returns the part's name as it may stand on anybody's disk.
func fileName(p desk.Part) string { return cmp.Or(glyph.FileName(p.Name), "file") }

// partHeader writes the header of a file or picture.
//
// QUIRK: go-mail puts an encoded word inside the quotes of a file name, on one line of any length. RFC 2231 is what
// mail programs agree on, and Outlook and Gmail still read the encoded word in Content-Type's name; so each gets its
// own.
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

// mediaType returns the type alone. What has parts of its own must not be encoded (RFC 2046, 5.1 and 5.2.1), so it goes
// as a plain file.
func mediaType(t string) string {
	media, _, err := mime.ParseMediaType(t)
	if err != nil || !strings.Contains(media, "/") || strings.HasPrefix(media, "multipart/") ||
		strings.HasPrefix(media, "message/") {
		return "application/octet-stream"
	}
	return media
}

// oldName is the name as an encoded word in quotes, folded at its words.
func oldName(name string) string {
	return ";\r\n name=\"" + strings.ReplaceAll(mime.BEncoding.Encode("utf-8", name), " =?", "\r\n =?") + `"`
}

// pieceLength is how much of a name one line takes.
const pieceLength = 60

// newName is the name by RFC 2231, in pieces where it is long.
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
