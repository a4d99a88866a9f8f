package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
)

// explained is the JSON that explain prints.
type explained struct {
	MessageID   string            `json:"message_id"`
	Subject     string            `json:"subject"`
	From        desk.Address      `json:"from"`
	Date        *time.Time        `json:"date"` // null if the message has no date
	To          []desk.Address    `json:"to"`
	Cc          []desk.Address    `json:"cc"`
	Text        string            `json:"text"`
	FullText    string            `json:"full_text"`
	BBCode      string            `json:"bbcode"`
	Attachments []desk.Attachment `json:"attachments"`
	Forwarded   []desk.Address    `json:"forwarded,omitempty"` // authors of the letters forwarded in it
	Degraded    []desk.Degraded   `json:"degraded"`
	Report      *desk.Report      `json:"report,omitempty"`
	Verdict     desk.Verdict      `json:"verdict"`
	Class       string            `json:"class"`
	AutoReply   bool              `json:"auto_reply"`
	Reasons     []desk.Reason     `json:"reasons"`
}

func newExplain(a *app) *cobra.Command {
	var (
		asJSON  bool
		mailbox string
	)
	c := &cobra.Command{
		Use:   "explain {FILE.eml | FOLDER | -}",
		Short: "What would become of one message, with every rule asked; offline, nothing is written",
		Long: "explain reads one message and prints the decision: the rules of the configuration where one is found, " +
			"of a\n" +
			"default one else, and no state: every sender is a new one. It prints the\n" +
			"rules that hit; with -v all that were asked. Of a folder it prints a line for each letter in it.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if st, err := os.Stat(args[0]); err == nil && st.IsDir() {
				return a.explainFolder(args[0], mailbox, asJSON)
			}
			m, d, err := a.explainFile(args[0], mailbox)
			if err != nil {
				return err
			}
			e := newExplained(m, d)
			if asJSON {
				return a.JSON(e)
			}
			printExplained(&a.Terminal, e)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&mailbox, "mailbox", "", "as if it had come into the mailbox of this `NAME`")
	return c
}

func (a *app) explainFile(path, mailbox string) (desk.Message, desk.Decision, error) {
	in := a.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return desk.Message{}, desk.Decision{}, exit.Usage(err)
		}
		defer f.Close()
		in = f
	}
	kit, err := a.offlineKit(mailbox)
	if err != nil {
		return desk.Message{}, desk.Decision{}, err
	}
	now := a.now()
	counted := &counter{r: in}
	m, err := pass.Read(counted, desk.Listing{Place: desk.Place{Mailbox: mailbox, UID: 1}, Received: now}, pass.Reading{
		Cutter: kit.cutter, Languages: kit.Languages,
		Event: func(e desk.Event) string { return kit.Texts(mailbox, "").Event(e, kit.zone) }})
	if err != nil {
		return m, desk.Decision{}, exit.Usage(fmt.Errorf("%s: %w", path, err))
	}
	m.Size = counted.n
	return m, kit.Rules.Decide(&m, desk.Facts{Now: now}), nil
}

// explainedFile is one letter of a folder.
type explainedFile struct {
	File string `json:"file"`
	explained
	Error string `json:"error,omitempty"` // why it could not be read
}

// explainFolder prints a line for each letter in a folder, and the error of a letter that can't be read.
func (a *app) explainFolder(folder, mailbox string, asJSON bool) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return exit.Usage(err)
	}
	if _, err := a.offlineKit(mailbox); err != nil {
		return err
	}
	all := []explainedFile{}
	var rows [][]string
	unread := 0
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".eml" {
			continue
		}
		m, d, err := a.explainFile(filepath.Join(folder, e.Name()), mailbox)
		x := explainedFile{File: e.Name(), explained: newExplained(m, d)}
		if err != nil {
			unread++
			x.Error = err.Error()
			rows = append(rows, []string{e.Name(), "-", "-", "-", "-", x.Error})
		} else {
			rows = append(rows, []string{e.Name(), string(d.Verdict), d.Class, "auto-reply " + tui.Yes(d.AutoReply),
				glyph.Cut(m.From.Addr, 40), glyph.Cut(m.Subject, 60)})
		}
		all = append(all, x)
	}
	if asJSON {
		err = a.JSON(all)
	} else {
		err = a.Table([]string{"FILE", "VERDICT", "CLASS", "AUTO-REPLY", "FROM", "SUBJECT"}, rows)
	}
	if err == nil && unread > 0 {
		err = exit.Status{Code: exit.Wrong}
	}
	return err
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

func newExplained(m desk.Message, d desk.Decision) explained {
	e := explained{MessageID: m.ID, Subject: m.Subject, From: m.From, To: m.To, Cc: m.Cc, Text: m.Text,
		FullText: m.FullText,
		BBCode:   m.BBCode, Attachments: m.Attachments, Forwarded: m.Forwarded, Degraded: m.Degraded, Report: m.Report,
		Verdict: d.Verdict, Class: d.Class,
		AutoReply: d.AutoReply, Reasons: d.Reasons}
	if !m.Date.IsZero() {
		e.Date = &m.Date
	}
	// JSON: [], not null.
	if e.Attachments == nil {
		e.Attachments = []desk.Attachment{}
	}
	if e.To == nil {
		e.To = []desk.Address{}
	}
	if e.Cc == nil {
		e.Cc = []desk.Address{}
	}
	if e.Degraded == nil {
		e.Degraded = []desk.Degraded{}
	}
	if e.Reasons == nil {
		e.Reasons = []desk.Reason{}
	}
	return e
}

func printExplained(t *tui.Terminal, e explained) {
	t.Printf("message  %s\nfrom     %s\nsubject  %s\n", glyph.Line(e.MessageID), glyph.Line(e.From.String()),
		glyph.Line(e.Subject))
	if e.Date != nil {
		t.Printf("date     %s\n", e.Date.Format(time.RFC1123Z))
	}
	for _, f := range e.Attachments {
		t.Printf("file     %s (%s, %s)\n", glyph.Line(f.Name), glyph.Line(f.Type),
			tui.Count(int(f.Size), "byte", "bytes"))
	}
	for _, f := range e.Forwarded {
		t.Printf("forward  %s\n", glyph.Line(f.String()))
	}
	for _, d := range e.Degraded {
		t.Printf("damage   %s\n", glyph.Line(string(d)))
	}
	t.Printf("\nverdict     %s (%s)\nauto-reply  %s\n%s\n\n", e.Verdict, e.Class, tui.Yes(e.AutoReply), answered(e))
	for _, r := range e.Reasons {
		mark := " "
		if r.Hit {
			mark = "*"
		}
		if r.Hit || t.Verbose > 0 {
			t.Printf("%s %-16s %s\n", mark, r.Rule, glyph.Line(r.Note))
		}
	}
	t.Printf("\n%s\n", e.Text)
}

// answered returns a sentence: the letter gets an auto-reply, or why not.
func answered(e explained) string {
	if e.AutoReply {
		return fmt.Sprintf("An auto-reply goes to %s: a person wrote, and no rule speaks against it.", e.From.Addr)
	}
	for _, group := range []desk.Group{desk.GroupBefore, desk.GroupAutoReply, desk.GroupClass, desk.GroupReport,
		desk.GroupStanding, desk.GroupThread} {
		for _, r := range e.Reasons {
			if r.Hit && r.Group == group && (group != desk.GroupClass || e.Class != "human") {
				return fmt.Sprintf("No auto-reply goes out: %s, %s.", r.Rule,
					strings.TrimRight(glyph.Line(r.Note), "."))
			}
		}
	}
	return "No auto-reply goes out."
}
