package eml

import (
	"io"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
)

// isNotice reports whether a part is about another message: a status, or the returned message or its headers.
func (w *walker) isNotice(typ string, p place) bool {
	switch typ {
	case "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
		"message/global-disposition-notification":
		return true
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/rfc822-headers",
		"text/rfc822":
		return p.parent == "multipart/report" || w.report != nil
	}
	return false
}

// readNotice reads such a part, which is also attached.
func (w *walker) readNotice(r io.Reader, pt part) {
	kept := w.attach(r, pt, maxNotice)
	switch {
	case strings.HasSuffix(pt.typ, "delivery-status"):
		w.readStatus(kept)
	case strings.HasSuffix(pt.typ, "disposition-notification"):
		rep := w.reportOf("mdn")
		for _, h := range blocks(kept) {
			rep.OriginalID = append(rep.OriginalID, idsIn(h.get("Original-Message-Id"))...)
		}
	default:
		h := newBytes(kept).header(true)
		h.repair()
		rep := w.report
		if rep == nil {
			rep = w.reportOf("")
		}
		rep.OriginalID = append(rep.OriginalID, idsOf(h.fields, "Message-Id")...)
	}
}

// readStatus parses the groups of fields of RFC 3464: the first is about the message, each other one about a recipient.
func (w *walker) readStatus(b []byte) {
	rep := w.reportOf("dsn")
	for _, h := range blocks(b) {
		rep.OriginalID = append(rep.OriginalID, idsIn(h.get("X-Original-Message-Id"))...)
		addr := statusValue(h.get("Final-Recipient"))
		if addr == "" || !strings.Contains(addr, "@") {
			if orig := statusValue(h.get("Original-Recipient")); orig != "" {
				addr = orig
			}
		}
		action := strings.ToLower(strings.Join(strings.Fields(h.get("Action")), " "))
		if addr == "" && action == "" || len(rep.Failed) >= maxParts {
			continue
		}
		status, _, _ := strings.Cut(strings.TrimSpace(h.get("Status")), " ")
		rep.Failed = append(rep.Failed, desk.Recipients{
			Address: addr, Action: action, Status: status, Diagnostic: statusValue(h.get("Diagnostic-Code")),
		})
	}
}

// statusValue returns the value after the type in a field such as "rfc822; a@b" or "smtp; 550 no such user".
func statusValue(v string) string {
	if kind, val, found := strings.Cut(v, ";"); found && !strings.ContainsAny(kind, "@ ") {
		v = val
	}
	return strings.Trim(oneLine(v), "<>")
}

func blocks(b []byte) []head {
	var list []head
	src := newBytes(b)
	for len(list) < maxParts && !src.eof {
		h := src.header(true)
		if len(h.fields) == 0 {
			if _, ok := src.line(); !ok { // text that is not a header is skipped
				break
			}
			continue
		}
		h.repair()
		list = append(list, h)
	}
	return list
}

// reportOf returns the report of the message and sets its kind. A delivery status overrides other kinds.
func (w *walker) reportOf(kind string) *desk.Report {
	if w.report == nil {
		w.report = &desk.Report{}
	}
	if kind != "" && w.report.Kind != "dsn" {
		w.report.Kind = kind
	}
	return w.report
}

// finishReport assigns the report to the message. A returned message without a status is not a report.
func (w *walker) finishReport() {
	m := &w.msg
	if w.report == nil {
		return
	}
	if w.report.Kind == "" {
		ct := parseMedia(m.Header.Get("Content-Type"))
		if ct.value != "multipart/report" {
			return
		}
		switch ct.params["report-type"] {
		case "delivery-status", "":
			w.report.Kind = "dsn"
		case "disposition-notification":
			w.report.Kind = "mdn"
		default:
			return // feedback reports (RFC 5965) and others
		}
	}
	rep := w.report
	if rep.Kind == "dsn" {
		rep.OriginalID = append(rep.OriginalID, m.InReplyTo...)
		rep.OriginalID = append(rep.OriginalID, ownLooking(m.Plain)...)
	}
	rep.OriginalID = distinct(rep.OriginalID)
	m.Report = rep
}

func distinct(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) && len(out) < 100 {
			out = append(out, id)
		}
	}
	return out
}
