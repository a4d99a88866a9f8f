package eml

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/tags"
)

// part describes a leaf without its content.
type part struct {
	h    *head
	typ  string
	name string
	disp string
	p    place
}

// leaf reads a part without inner parts: a piece of the text, or an attachment.
func (w *walker) leaf(h *head, ct media, p place) {
	disp := parseMedia(h.get("Content-Disposition"))
	name := bestName(disp.params["filename"], disp.params["name"], ct.params["name"], ct.params["filename"])
	pt := part{h: h, typ: ct.value, name: name, disp: disp.value, p: p}
	encoding := h.get("Content-Transfer-Encoding")
	if strings.HasPrefix(ct.value, "message/") && !strings.Contains(strings.ToLower(encoding), "base64") {
		encoding = "" // RFC 2046, 5.2.1: never encoded, although some programs label it so
	}
	if isText(ct.value, disp.value, name, p) && w.texts < maxTexts {
		w.readText(pt, ct, w.buf.decodeText(&body{s: w.src}, encoding))
		return
	}
	if ct.value == "" || p.parent == "" && name == "" && tellsNothing(ct.value) {
		w.sniffLeaf(pt, ct, encoding)
		return
	}
	decode := w.buf.decode
	if strings.HasPrefix(ct.value, "text/") {
		decode = w.buf.decodeText
	}
	w.file(decode(&body{s: w.src}, encoding), pt, ct)
}

// file reads a part that is not text of the letter.
func (w *walker) file(r io.Reader, pt part, ct media) {
	lower, p := strings.ToLower(pt.name), pt.p
	switch {
	case p.parent == "multipart/alternative" && further[ct.value]:
		w.content(r, 0) // it still gets a number
	case isSpare(ct.value, pt.name):
		w.readSpare(r, pt, ct)
	case ct.value == "application/ms-tnef", ct.value == "application/vnd.ms-tnef", lower == "winmail.dat":
		w.openTNEF(r, pt)
	case strings.HasSuffix(ct.value, "pkcs7-mime"), lower == "smime.p7m":
		w.openSigned(r, pt, ct.params["smime-type"])
	case w.isNotice(ct.value, p):
		w.readNotice(r, pt)
	case ct.value == "text/calendar":
		kept := w.attach(r, pt, maxNotice)
		text, _ := charset.UTF8([]byte(unfold(string(kept))), ct.params["charset"])
		if e, ok := calendarEvent(text, ct.params["method"]); ok && len(w.msg.Calendar) < maxOrigins &&
			!slices.Contains(w.msg.Calendar, e) {
			w.msg.Calendar = append(w.msg.Calendar, e) // it is also attached as a file
		}
	default:
		if p.parent == "multipart/encrypted" {
			w.degrade(desk.DegradedEncrypted)
		}
		w.attachAny(r, pt)
	}
}

// further are alternative forms of a text that mail programs do not show if there is another form.
var further = map[string]bool{"text/x-amp-html": true, "text/watch-html": true}

// isText reports whether a part belongs to the message's text (RFC 8621, 4.1.4).
func isText(typ, disp, name string, p place) bool {
	if disp == "attachment" {
		return false
	}
	if typ != "text/plain" && typ != "text/html" {
		// QUIRK: a message of an unknown text type is still a text.
		return p.parent == "" && strings.HasPrefix(typ, "text/") && typ != "text/calendar" && !richText[typ] &&
			name == ""
	}
	return name == "" || p.index == 0 && p.parent != "multipart/report" || p.parent == "multipart/alternative"
}

// attach reads a leaf as an attachment, and returns up to limit bytes of its beginning.
func (w *walker) attach(r io.Reader, pt part, limit int) []byte {
	n, kept, size, sum := w.content(r, limit)
	w.addAttachment(pt, n, size, sum)
	return kept
}

// attachAny reads a leaf as an attachment. If it is a message, its sender is recorded.
func (w *walker) attachAny(r io.Reader, pt part) {
	if pt.typ != "message/rfc822" && pt.typ != "message/global" || len(w.msg.Forwarded) >= maxOrigins {
		w.attach(r, pt, 0)
		return
	}
	h := newBytes(w.attach(r, pt, maxNotice)).header(true)
	h.repair()
	if a := writerOf(h.fields, "From"); a.Name != "" || a.Addr != "" {
		w.msg.Forwarded = append(w.msg.Forwarded, a)
	}
}

func (w *walker) addAttachment(pt part, n int, size int64, sum string) {
	w.sum("file", sum)
	id := pt.h.get("Content-Id")
	if ids := idsIn(id); len(ids) > 0 {
		id = ids[0]
	}
	raw := oneLine(strings.ReplaceAll(pt.name, "\x00", ""))
	w.msg.Attachments = append(w.msg.Attachments, desk.Attachment{
		Part: n, Name: fileName(raw, pt.typ, n+1), Type: typeName(pt.typ), Size: size, Hash: sum,
		Inline:    pt.disp == "inline" && raw == "" && strings.HasPrefix(pt.typ, "image/"),
		ContentID: strings.Trim(oneLine(id), "<> "),
	})
}

func typeName(typ string) string {
	return strings.ToValidUTF8(oneLine(typ), "_")
}

// htmlBegin matches the beginning of an HTML page, regardless of its label.
var htmlBegin = lazy.Regexp(`(?i)^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)[\s>]`)

// readText reads a piece of text. If it is too long or has a name, it is also kept as an attachment.
func (w *walker) readText(pt part, ct media, r io.Reader) {
	begin, r := sniff(r, w.buf.begin[:])
	if htmlBegin().Match(begin) { // QUIRK: scripts send pages as text/plain or without a type
		ct.value = "text/html"
	}
	rtf := bytes.HasPrefix(bytes.TrimSpace(begin), []byte(`{\rtf1`)) // more than we show: also a file
	if rtf {
		pt.typ = "text/rtf"
	}
	isHTML, file := ct.value == "text/html" && !rtf, pt.isFile() || rtf
	n, kept, size, sum := w.text(r, textKind{page: isHTML && !file, summed: file})
	if size > int64(len(kept)) {
		w.degrade(desk.DegradedText)
	}
	if file || size > int64(len(kept)) {
		w.addAttachment(pt, n, size, sum)
	}
	w.texts += len(kept)
	if !isHTML {
		kept = w.openUU(kept, pt.p)
	}
	if rtf {
		kept, ct = []byte(rtfText(kept)), media{value: "text/plain", params: map[string]string{"charset": "utf-8"}}
	}
	text, clean := w.buf.readable(kept, ct, isHTML)
	if !clean || w.buf.mixed.lacking {
		w.degrade(desk.DegradedCharset)
	}
	if isHTML && picturesLeft(text) {
		w.degrade(desk.DegradedPicture)
	}
	w.sum(ct.value, strings.TrimSpace(text))
	if !isHTML {
		w.markMIME(text)
	}
	if isHTML && pt.typ == "text/plain" && pt.p.alt != nil { // the HTML alternative has the intended layout
		text, isHTML = tags.Text(text), false
	}
	w.addText(text, isHTML, pt.p)
}

// openUU attaches the uuencoded files in a text and returns the text without them.
func (w *walker) openUU(text []byte, p place) []byte {
	text, files := cutUU(text)
	for _, f := range files {
		w.attach(bytes.NewReader(f.content), part{h: &head{}, typ: "application/octet-stream", name: f.name, p: p}, 0)
	}
	return text
}

// isFile reports whether a text that is shown is also meant as a file: it is named, and the first of several parts. The
// name of an only part or of an alternative is set by a program and means nothing.
func (pt part) isFile() bool {
	switch pt.p.parent {
	case "", "multipart/related", "multipart/signed":
		return false
	}
	return pt.name != "" && pt.p.alt == nil
}

func (w *walker) addText(text string, isHTML bool, p place) {
	if strings.TrimSpace(text) == "" {
		return
	}
	seg := p.alt
	if seg == nil {
		seg = &segment{}
		w.segments = append(w.segments, seg)
	}
	switch {
	case isHTML && seg.html != "":
		seg.html += "\n<br>\n" + text
	case isHTML:
		seg.html = text
	case seg.plain != "" && seg.plain != text:
		seg.plain += "\n\n" + text
	default:
		seg.plain = text
	}
}
