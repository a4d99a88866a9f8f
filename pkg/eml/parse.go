package eml

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

// Parse parses one message. Attachments are counted and hashed but not kept. The error comes from r alone; faults of
// the message are listed in its Degraded. The caller fills Text, FullText, BBCode, FullCode and Quoted.
func Parse(r io.Reader, l desk.Listing) (desk.Message, error) {
	w := newWalker(r, noPart, io.Discard)
	defer w.buf.release()
	w.msg.Listing = l
	h := w.src.header(true)
	h.repair()
	w.top(&h)
	w.entity(&h, place{})
	w.finish()
	if w.src.err != nil {
		return w.msg, fmt.Errorf("read message: %w", w.src.err)
	}
	return w.msg, nil
}

// ReadHeader parses the header of a message whose body is too large.
func ReadHeader(r io.Reader, l desk.Listing) desk.Message {
	w := newWalker(r, noPart, io.Discard)
	defer w.buf.release()
	w.msg.Listing = l
	h := w.src.header(true)
	h.repair()
	w.top(&h)
	for _, name := range []string{"To", "Message-Id", "Content-Type"} {
		w.sum(h.get(name))
	}
	w.finish()
	return w.msg
}

// Extract writes the decoded content of the attachment with the number part.
func Extract(r io.Reader, part int, out io.Writer) error {
	whole := bufio.NewWriterSize(out, 32<<10) // combines small pieces for a network connection
	w := newWalker(r, part, whole)
	defer w.buf.release()
	h := w.src.header(true)
	h.repair()
	w.entity(&h, place{})
	if err := whole.Flush(); w.outErr == nil {
		w.outErr = err
	}
	switch {
	case w.outErr != nil:
		return fmt.Errorf("write part %d: %w", part, w.outErr)
	case w.src.err != nil:
		return fmt.Errorf("read message: %w", w.src.err)
	case !w.found:
		return fmt.Errorf("extract part %d: the message has only %d parts", part, w.next)
	}
	return nil
}

// top reads the header of the message.
func (w *walker) top(h *head) {
	m := &w.msg
	if h.cut {
		w.degrade(desk.DegradedHeader)
	}
	if h.skipped {
		w.degrade(desk.DegradedLines)
	}
	m.Header = h.fields
	m.Subject = oneLine(m.Header.Get("Subject"))
	if short := glyph.Cut(m.Subject, maxSubject); short != m.Subject {
		m.Subject = short
		w.degrade(desk.DegradedHeader)
	}
	m.Date = dateOf(m.Header.Values("Date"))
	m.From = writerOf(m.Header, "From")
	m.Sender = writerOf(m.Header, "Sender")
	if m.From.Addr == "" && m.Sender.Addr != "" {
		m.From = m.Sender
	}
	m.ReplyTo = answerable(addresses(m.Header, "Reply-To"))
	if m.Reply().Addr == "" && strings.Contains(oneLine(m.Header.Get("From")), "@") {
		w.degrade(desk.DegradedSender)
	}
	m.To = addresses(m.Header, "To")
	m.Cc = addresses(m.Header, "Cc")
	m.InReplyTo = idsOf(m.Header, "In-Reply-To")
	m.Refs = idsOf(m.Header, "References")
	if ids := idsOf(m.Header, "Message-Id"); len(ids) > 0 {
		m.ID = ids[0]
	}
	w.sum(m.From.Name, m.From.Addr, m.Header.Get("Date"), m.Subject)
	if failed := m.Header.Values("X-Failed-Recipients"); len(failed) > 0 {
		r := w.reportOf("dsn")
		for _, a := range addresses(m.Header, "X-Failed-Recipients") {
			r.Failed = append(r.Failed, desk.Recipients{Address: a.Addr, Action: "failed"})
		}
	}
}

func addresses(h desk.Header, name string) []desk.Address {
	var list []desk.Address
	for _, v := range h.Values(name) {
		list = append(list, Addresses(v)...)
	}
	return list[:min(len(list), maxAddresses)]
}

// finish completes the message after the last part.
func (w *walker) finish() {
	m := &w.msg
	w.joinTexts()
	w.markInline()
	m.Hash = hex.EncodeToString(w.hash.Sum(nil))
	if m.ID == "" {
		m.DerivedID = true
		m.ID = w.derivedID()
	}
	if strings.Contains(m.Plain, "-----BEGIN PGP ") {
		w.degrade(desk.DegradedPGP)
	}
	w.finishReport()
}

// derivedID computes an id from what a letter has in common in every mailbox. Letters without a date may be identical,
// so their trace fields are included.
func (w *walker) derivedID() string {
	id := w.msg.Hash[:32]
	if w.msg.Header.Get("Date") == "" {
		d := sha256.New()
		d.Write([]byte(w.msg.Hash))
		for _, f := range w.msg.Header {
			fmt.Fprintf(d, "%s: %s\n", f.Name, f.Value)
		}
		id = hex.EncodeToString(d.Sum(nil)[:16])
	}
	return id + derived
}

const derived = "@derived.invalid"

// IsDerived reports whether an id was computed for a message without one.
func IsDerived(id string) bool { return strings.HasSuffix(id, derived) }

// markInline marks the pictures that the HTML shows.
func (w *walker) markInline() {
	if !slices.ContainsFunc(w.msg.Attachments, func(a desk.Attachment) bool { return a.ContentID != "" }) {
		return
	}
	refs := PictureIDs(w.msg.HTML)
	for i := range w.msg.Attachments {
		a := &w.msg.Attachments[i]
		if a.ContentID == "" {
			continue
		}
		shown := refs[strings.ToLower(a.ContentID)]
		a.Hidden = a.Inline && !shown && w.msg.HTML != ""
		a.Inline = a.Inline || shown
	}
}

func (w *walker) degrade(what desk.Degraded) {
	if !slices.Contains(w.msg.Degraded, what) {
		w.msg.Degraded = append(w.msg.Degraded, what)
	}
}
