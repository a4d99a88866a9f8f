package cmd

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
)

// explained is what explain prints as JSON.
type explained struct {
	MessageID   string            `json:"message_id"`
	Subject     string            `json:"subject"`
	From        desk.Address      `json:"from"`
	Date        *time.Time        `json:"date"` // null where the message has none
	To          []desk.Address    `json:"to"`
	Cc          []desk.Address    `json:"cc"`
	Text        string            `json:"text"`
	FullText    string            `json:"full_text"`
	BBCode      string            `json:"bbcode"`
	Attachments []desk.Attachment `json:"attachments"`
	Forwarded   []desk.Address    `json:"forwarded,omitempty"` // who wrote what is forwarded in it
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
		Use:   "explain FILE.eml|-",
		Short: "What would become of one message, with every rule asked; offline, nothing is written",
		Long: "explain reads one message and prints the decision: the rules of the configuration where one is found, of a\n" +
			"default one else, and no state: every sender is a new one.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, d, err := a.explainFile(args[0], mailbox)
			if err != nil {
				return err
			}
			e := newExplained(m, d)
			if asJSON {
				return a.json(e)
			}
			a.printExplained(e)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&mailbox, "mailbox", "", "as if it had come into the mailbox of this `NAME`")
	return c
}

func (a *app) explainFile(path, mailbox string) (desk.Message, desk.Decision, error) {
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return desk.Message{}, desk.Decision{}, usage(err)
		}
		defer f.Close()
		in = f
	}
	r, cutter, err := a.offlineRules(mailbox)
	if err != nil {
		return desk.Message{}, desk.Decision{}, err
	}
	now := a.now()
	counted := &counter{r: in}
	m, err := pass.Read(counted, desk.Listing{Place: desk.Place{Mailbox: mailbox, UID: 1}, Received: now}, cutter)
	if err != nil {
		return m, desk.Decision{}, usage(fmt.Errorf("%s: %w", path, err))
	}
	m.Size = counted.n
	return m, r.Decide(&m, desk.Facts{Now: now}), nil
}

// counter counts what is read through it.
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
	e := explained{MessageID: m.ID, Subject: m.Subject, From: m.From, To: m.To, Cc: m.Cc, Text: m.Text, FullText: m.FullText,
		BBCode: m.BBCode, Attachments: m.Attachments, Forwarded: m.Forwarded, Degraded: m.Degraded, Report: m.Report, Verdict: d.Verdict, Class: d.Class,
		AutoReply: d.AutoReply, Reasons: d.Reasons}
	if !m.Date.IsZero() {
		e.Date = &m.Date
	}
	// Empty lists are [] for those who read the JSON.
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

func (a *app) printExplained(e explained) {
	a.printf("message  %s\nfrom     %s\nsubject  %s\n", oneLine(e.MessageID), oneLine(e.From.String()), oneLine(e.Subject))
	if e.Date != nil {
		a.printf("date     %s\n", e.Date.Format(time.RFC1123Z))
	}
	for _, f := range e.Attachments {
		a.printf("file     %s (%s, %d bytes)\n", oneLine(f.Name), oneLine(f.Type), f.Size)
	}
	for _, f := range e.Forwarded {
		a.printf("forward  %s\n", oneLine(f.String()))
	}
	for _, d := range e.Degraded {
		a.printf("damage   %s\n", oneLine(string(d)))
	}
	a.printf("\nverdict     %s (%s)\nauto-reply  %s\n\n", e.Verdict, e.Class, yes(e.AutoReply))
	for _, r := range e.Reasons {
		mark := " "
		if r.Hit {
			mark = "*"
		}
		a.printf("%s %-16s %s\n", mark, r.Rule, oneLine(r.Note))
	}
	a.printf("\n%s\n", e.Text)
}
