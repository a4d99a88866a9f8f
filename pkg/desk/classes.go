package desk

import (
	"slices"
	"strings"

	"helpdesk/pkg/field"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// The classes of messages.
const (
	classOurs      = "ours"
	classExcluded  = "excluded"
	classStaff     = "staff"
	classBounce    = "bounce"
	classReceipt   = "receipt"
	classLike      = "bounce-like"
	classSystem    = "system"
	classAutomatic = "automatic"
	classBulk      = "bulk"
	classHuman     = "human"
	classRobot     = "robot"
	classAway      = "out of office"
	classPress     = "calendar"
)

// rule is one question about a message. docs/decisions.md prints the condition and the effect.
type rule struct {
	id     string
	class  string // class of the message on a hit; "" = the rule sets none
	when   string
	effect string
	ask    func(*weighing) (note string, hit bool)
}

// classRules are the rules for the class of a message. The first that hits decides.
func classRules() []rule {
	return []rule{
		{
			"own",
			classOurs,
			"our own loop header or Message-ID, or From or Sender is one of our own addresses and via does not hit",
			"no task; in a known thread a comment \"written by mail\", never of a letter that carries our loop " +
				"header; no auto-reply",
			askOwn,
		},
		{
			"ignored",
			classExcluded,
			"an exclusion of scope mail hits From, Sender, Reply-To or Return-Path",
			"nothing; counted",
			askIgnored,
		},
		{
			"via",
			classHuman,
			"From or Sender is our own address, without our loop header and Message-ID, and Reply-To " +
				"(X-Original-From where there is none) has exactly one address that is neither ours nor a " +
				"specialist's: a site's form, a group that rewrites From",
			"a letter of the person in Reply-To, which says so; no auto-reply",
			askVia,
		},
		{
			"forward",
			classHuman,
			"mail.staff_forward is customer, and a specialist forwards a letter to us alone: Fwd: in the subject, a " +
				"line that says so above it, or the letter as a file. It belongs to no thread, no machine sent it, " +
				"and DMARC has not failed",
			"a request of whoever wrote what is forwarded, whom no later answer quotes; where that is not exactly " +
				"one address that is neither ours nor a specialist's nor a machine's, of the specialist; the task " +
				"says who forwarded it; no auto-reply",
			askForward,
		},
		{"staff", classStaff, "From is a specialist's address", "as own", askStaff},
		{
			"dsn",
			classBounce,
			"a delivery report: multipart/report of delivery-status, a message/delivery-status part, or " +
				"X-Failed-Recipients",
			"comment on the ticket of our letter named inside by a valid own id; else quarantine; no auto-reply",
			askDSN,
		},
		{"mdn", classReceipt, "a disposition notification", "nothing", askMDN},
		{
			"null-path",
			classLike,
			"Return-Path is <>",
			"as dsn where a valid own id is inside, an automatic comment where its sender takes part in the thread; " +
				"else a task; no auto-reply",
			askNullPath,
		},
		{
			"system",
			classSystem,
			"the local part of From is a mail system's, or it is a report on DMARC or TLS",
			"as null-path",
			askSystem,
		},
		{
			"auto-submitted",
			classAutomatic,
			"Auto-Submitted is there and not \"no\"",
			"in a known thread a comment that does not reopen; else mail.automatic; no auto-reply",
			askAutoSubmitted,
		},
		{"auto-header", classAutomatic, "a field that only autoresponders write", "as auto-submitted", askAutoHeader},
		{
			"precedence",
			classBulk,
			"Precedence or X-Precedence begins bulk, list, junk or auto_reply",
			"in a known thread a comment; else mail.bulk; no auto-reply",
			askPrecedence,
		},
		{"list", classBulk, "a mailing list's field, or a foreign X-Loop", "as precedence", askList},
		{
			"calendar",
			classPress,
			"a calendar's REPLY, CANCEL, COUNTER or DECLINECOUNTER, or an event that is cancelled: the press of a " +
				"button",
			"in a known thread a comment that does not reopen; else a task; no auto-reply",
			askCalendar,
		},
		{
			"suppress",
			classHuman,
			"X-Auto-Response-Suppress asks for All, OOF or AutoReply",
			"an ordinary letter; no auto-reply",
			askSuppress,
		},
		{"robot", classRobot, "the local part of From is a robot's", "an ordinary letter; no auto-reply", askRobot},
		{
			"ooo-subject",
			classAway,
			"the subject begins as out-of-office notes do, and ends there or goes on with a mark or a date",
			"as auto-submitted",
			askAway,
		},
		{"human", classHuman, "nothing above", "an ordinary letter", always},
	}
}

func always(*weighing) (string, bool) { return "", true }

func askOwn(w *weighing) (string, bool) {
	for _, v := range w.m.Header.Values(LoopHeader) {
		if w.f.Instance != "" && strings.TrimSpace(v) == w.f.Instance {
			w.loop = true
			return "it carries our loop header", true
		}
	}
	if _, _, valid := w.f.Signer.OwnID(w.m.ID); valid {
		w.loop = true
		return "its Message-ID is ours", true
	}
	for _, a := range []Address{w.m.From, w.m.Sender} {
		if w.r.isOwn(a.Addr) && !w.via {
			return a.Key() + " is our own address", true
		}
	}
	return "", false
}

// correspondents returns the addresses of a message that exclusions are matched against.
func correspondents(m *Message) []string {
	addrs := []string{m.From.Addr, m.Sender.Addr}
	for _, a := range m.ReplyTo {
		addrs = append(addrs, a.Addr)
	}
	for _, v := range m.Header.Values("Return-Path") {
		addrs = append(addrs, bareAddress(v))
	}
	return addrs
}

// bareAddress returns the address of a field that contains a single one, with or without <>.
func bareAddress(v string) string {
	v = field.CutComments(v)
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		v, _, _ = strings.Cut(v[i+1:], ">")
	}
	return strings.TrimSpace(v)
}

func askIgnored(w *weighing) (string, bool) {
	if len(w.excluded) > 0 && w.excluded[0].Scope == ScopeMail {
		return w.excluded[0].Match, true
	}
	return "", false
}

func askStaff(w *weighing) (string, bool) {
	return w.m.From.Key() + " is a specialist's", w.r.isStaff(w.m.From.Addr)
}

func askDSN(w *weighing) (string, bool) { return isDSN(w.m) }

func isDSN(m *Message) (string, bool) {
	if m.Header.Has("X-Failed-Recipients") {
		return "X-Failed-Recipients", true
	}
	if m.Report != nil && m.Report.Kind == "dsn" || reportType(m) == "delivery-status" {
		return "a delivery report", true
	}
	for _, a := range m.Attachments {
		if t := strings.ToLower(a.Type); t == "message/delivery-status" || t == "message/global-delivery-status" {
			return "a part of type " + t, true
		}
	}
	return "", false
}

func askMDN(w *weighing) (string, bool) {
	hit := w.m.Report != nil && w.m.Report.Kind == "mdn" || reportType(w.m) == "disposition-notification"
	return "a disposition notification", hit
}

var reportParam = lazy.Regexp(`(?i);\s*report-type\s*=\s*"?\s*([a-z-]+)`)

// reportType returns the report-type of a multipart/report (RFC 6522). It parses leniently.
func reportType(m *Message) string {
	v := field.CutComments(m.Header.Get("Content-Type"))
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(v)), "multipart/report") {
		return ""
	}
	if p := reportParam().FindStringSubmatch(v); p != nil {
		return strings.ToLower(p[1])
	}
	return ""
}

func askNullPath(w *weighing) (string, bool) { return "Return-Path: <>", nullPath(w.m) }

func nullPath(m *Message) bool {
	for _, v := range m.Header.Values("Return-Path") {
		if strings.Join(strings.Fields(field.CutComments(v)), "") == "<>" {
			return true
		}
	}
	return false
}

func askSystem(w *weighing) (string, bool) {
	if local := systemLocal(w.m); w.r.isSystem(local) {
		return local, true
	}
	return askPolicyReport(w)
}

// askPolicyReport recognises the reports that mail systems send each other: on DMARC (RFC 7489, 7.2) and on TLS (RFC
// 8460). A person who forwards such a report is not a mail system.
func askPolicyReport(w *weighing) (string, bool) {
	words := &w.r.words
	if t := reportType(w.m); t != "" && slices.Contains(words.ReportTypes, t) {
		return "a report of type " + t, true
	}
	for _, name := range words.ReportHeaders {
		if w.m.Header.Has(name) {
			return name, true
		}
	}
	if matchAny(w.r.reports.subjects, glyph.Line(w.m.Subject)) {
		return "its subject is a report's", true
	}
	if matchAny(w.r.reports.senders, w.m.From.Local()) {
		for _, a := range w.m.Attachments {
			if matchAny(w.r.reports.files, a.Name) {
				return a.Name, true
			}
		}
	}
	return "", false
}

// systemLocal returns the local part of From. QUIRK: qmail and others write a bare MAILER-DAEMON, which an address
// parser may read as a display name.
func systemLocal(m *Message) string {
	if m.From.Addr == "" {
		return strings.ToLower(strings.TrimSpace(m.From.Name))
	}
	return m.From.Local()
}

func (r *Rules) isSystem(local string) bool {
	for _, pattern := range r.words.SystemSenders {
		if local != "" && glob(strings.ToLower(pattern), local) {
			return true
		}
	}
	return false
}

// glob reports whether s matches a pattern with at most one *, which matches one or more characters.
func glob(pattern, s string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	return len(s) > len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

func askAutoSubmitted(w *weighing) (string, bool) {
	for _, v := range w.m.Header.Values("Auto-Submitted") {
		token := v
		if i := strings.IndexAny(strings.TrimSpace(v), ";( \t"); i >= 0 {
			token = strings.TrimSpace(v)[:i]
		}
		token = strings.ToLower(strings.TrimSpace(token))
		if token != "" && token != "no" {
			return "Auto-Submitted: " + token, true
		}
	}
	return "", false
}

func askAutoHeader(w *weighing) (string, bool) {
	words := &w.r.words
	for _, name := range words.AutoHeaders {
		if w.m.Header.Has(name) {
			return name, true
		}
	}
	for _, v := range w.m.Header.Values("Delivered-To") {
		for _, value := range words.AutoDelivered {
			if strings.EqualFold(bareAddress(v), value) {
				return "Delivered-To: " + value, true
			}
		}
	}
	return "", false
}

func askPrecedence(w *weighing) (string, bool) {
	for _, name := range []string{"Precedence", "X-Precedence"} {
		for _, v := range w.m.Header.Values(name) {
			v = strings.ToLower(strings.TrimSpace(v))
			for _, begin := range w.r.words.BulkPrecedence {
				if strings.HasPrefix(v, strings.ToLower(begin)) {
					return name + ": " + begin, true
				}
			}
		}
	}
	return "", false
}

func askList(w *weighing) (string, bool) {
	for _, f := range w.m.Header {
		name := strings.ToLower(f.Name)
		for _, pattern := range w.r.words.ListHeaders {
			if glob(strings.ToLower(pattern), name) {
				return f.Name, true
			}
		}
		if name == "x-loop" && (w.f.Instance == "" || strings.TrimSpace(f.Value) != w.f.Instance) {
			return "a foreign X-Loop", true
		}
	}
	return "", false
}

func askSuppress(w *weighing) (string, bool) {
	for _, v := range w.m.Header.Values("X-Auto-Response-Suppress") {
		for _, one := range strings.Split(v, ",") {
			for _, value := range w.r.words.SuppressValues {
				if strings.EqualFold(strings.TrimSpace(one), value) {
					return "X-Auto-Response-Suppress: " + value, true
				}
			}
		}
	}
	return "", false
}

func askRobot(w *weighing) (string, bool) {
	return w.m.From.Local(), w.r.isRobot(w.m.From.Local())
}

func (r *Rules) isRobot(local string) bool {
	for _, re := range r.robots {
		if local != "" && re.MatchString(local) {
			return true
		}
	}
	return false
}
