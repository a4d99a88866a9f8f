package cmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// expectation is the expected result for a letter. Absent fields are not checked.
type expectation struct {
	Kind            string   `yaml:"kind"`
	Subject         *string  `yaml:"subject"`
	FromName        *string  `yaml:"from_name"`
	FromAddress     *string  `yaml:"from_address"`
	TextHas         []piece  `yaml:"text_has"`
	TextLacks       []piece  `yaml:"text_lacks"`
	FullTextHas     []piece  `yaml:"full_text_has"`
	FullTextLacks   []piece  `yaml:"full_text_lacks"`
	BBCodeHas       []piece  `yaml:"bbcode_has"`
	BBCodeLacks     []piece  `yaml:"bbcode_lacks"`
	Attachments     []string `yaml:"attachments"`
	AttachmentsHas  []string `yaml:"attachments_has"`
	AttachmentsLack []string `yaml:"attachments_lack"`
	Degraded        *bool    `yaml:"degraded"`
	Verdict         string   `yaml:"verdict"` // with after: of the second letter
	AutoReply       *bool    `yaml:"auto_reply"`
	Reason          []string `yaml:"reason"` // rules that matched
	ReasonLacks     []string `yaml:"reason_lacks"`

	// The results of a real pass.
	TaskHas      []piece  `yaml:"task_has"` // in title and description
	TaskLacks    []piece  `yaml:"task_lacks"`
	Files        []string `yaml:"files"`
	AutoReplies  *int     `yaml:"auto_replies"`
	AnswerTo     string   `yaml:"answer_to"` // the only recipient of a comment that a specialist then writes
	After        string   `yaml:"after"`     // name of the letter that comes first and makes the task
	CloseBetween bool     `yaml:"close_between"`
	Reopened     *bool    `yaml:"reopened"`
	CommentHas   []piece  `yaml:"comment_has"`
	CommentLacks []piece  `yaml:"comment_lacks"`
}

// piece is a text with alternatives, one of which must match.
type piece []string

func (p *piece) UnmarshalYAML(b []byte) error {
	if err := yaml.Unmarshal(b, (*[]string)(p)); err == nil {
		return nil
	}
	*p = make(piece, 1)
	return yaml.Unmarshal(b, &(*p)[0])
}

// in reports whether a text contains the piece, ignoring case and the kind of white space.
func (p piece) in(text string) bool {
	return slices.ContainsFunc(p, func(s string) bool { return strings.Contains(plainest(text), plainest(s)) })
}

func plainest(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// reported is a letter of testdata/reported, with the differences found.
type reported struct {
	t     *testing.T
	name  string
	want  expectation
	wrong []string
}

func (r *reported) say(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

func (r *reported) pieces(where, text string, has, lacks []piece) {
	for _, p := range has {
		if !p.in(text) {
			r.say("%s lacks %q: %q", where, []string(p), text)
		}
	}
	for _, p := range lacks {
		if p.in(text) {
			r.say("%s has %q: %q", where, []string(p), text)
		}
	}
}

func (r *reported) equal(what string, want *string, got string) {
	if want != nil && *want != got {
		r.say("%s is %q, want %q", what, got, *want)
	}
}

const reportedSettings = `mail:
  staff: [ivanov@example.ru]
  trust_auth_results: mx.example.ru
`

// TestReported checks letters of kinds that similar programs often read wrongly: the output of explain for each, and
// the results of real passes where they are given.
func TestReported(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/reported/expect.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]expectation
	if err := yaml.UnmarshalWithOptions(raw, &all, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			r := &reported{t: t, name: name, want: want}
			r.explain()
			r.pass()
			if len(r.wrong) > 0 {
				t.Error(strings.Join(r.wrong, "\n"))
			}
		})
	}
}

// explain checks the output of explain for the letter.
func (r *reported) explain() {
	d := newReportedDrive(r.t)
	status, out, errs := d.run("explain", "--json", filepath.Join("testdata/reported", r.name+".eml"))
	var e explained
	if err := json.Unmarshal([]byte(out), &e); status != 0 || err != nil {
		r.say("explain: status %d, %v\n%s", status, err, errs)
		return
	}
	w := r.want
	r.equal("subject", w.Subject, e.Subject)
	r.equal("from.name", w.FromName, e.From.Name)
	r.equal("from.address", w.FromAddress, e.From.Addr)
	r.pieces("text", e.Text, w.TextHas, w.TextLacks)
	r.pieces("full_text", e.FullText, w.FullTextHas, w.FullTextLacks)
	r.pieces("bbcode", e.BBCode, w.BBCodeHas, w.BBCodeLacks)
	r.files(e)
	if w.Degraded != nil && *w.Degraded != (len(e.Degraded) > 0) {
		r.say("degraded is %v", e.Degraded)
	}
	if w.Verdict != "" && w.After == "" && w.Verdict != string(e.Verdict) {
		r.say("verdict is %s, want %s", e.Verdict, w.Verdict)
	}
	if w.AutoReply != nil && *w.AutoReply != e.AutoReply {
		r.say("auto_reply is %v: %v", e.AutoReply, e.Reasons)
	}
	r.reasons(e)
}

func (r *reported) files(e explained) {
	var got []string
	for _, a := range e.Attachments {
		got = append(got, a.Name)
	}
	slices.Sort(got)
	w := r.want
	if slices.Sort(w.Attachments); w.Attachments != nil && !slices.Equal(got, w.Attachments) {
		r.say("attachments are %q, want %q", got, w.Attachments)
	}
	for _, name := range w.AttachmentsHas {
		if !slices.Contains(got, name) {
			r.say("attachments are %q, without %q", got, name)
		}
	}
	for _, name := range w.AttachmentsLack {
		if slices.Contains(got, name) {
			r.say("attachments are %q, with %q", got, name)
		}
	}
}

func (r *reported) reasons(e explained) {
	hit := map[string]bool{}
	for _, reason := range e.Reasons {
		hit[reason.Rule] = hit[reason.Rule] || reason.Hit
	}
	for _, rule := range r.want.Reason {
		if !hit[rule] {
			r.say("rule %s does not hit", rule)
		}
	}
	for _, rule := range r.want.ReasonLacks {
		if hit[rule] {
			r.say("rule %s hits", rule)
		}
	}
}

// newReportedDrive returns a drive for the mailbox of the letters, at the time when they were written.
func newReportedDrive(t *testing.T) *drive {
	d := newDrive(t, sandbox.PortalOptions{}, reportedSettings)
	d.clock.Advance(time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC).Sub(d.clock.Now()))
	file := filepath.Join(d.dir, "helpdesk.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const before, after = `"Support <support@helpdesk.example>"`, `"Служба поддержки <support@example.ru>"`
	if !strings.Contains(string(text), before) {
		t.Fatalf("no sender in %s", text)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// poll delivers a letter and runs a pass. It returns the verdict.
func (r *reported) poll(d *drive, name string) (verdict string) {
	raw, err := os.ReadFile(filepath.Join("testdata/reported", name+".eml"))
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := d.imap.Append("INBOX", raw, d.clock.Now()); err != nil {
		r.t.Fatal(err)
	}
	var report struct {
		Decided []struct {
			Verdict string `json:"verdict"`
		} `json:"decided"`
	}
	if err := json.Unmarshal([]byte(d.must(exit.Done, "poll", "--json")), &report); err != nil ||
		len(report.Decided) != 1 {
		r.t.Fatalf("poll: %v, %d decisions", err, len(report.Decided))
	}
	d.clock.Advance(time.Minute)
	return report.Decided[0].Verdict
}

// pass runs real passes if results of a pass are expected.
func (r *reported) pass() {
	w := r.want
	if w.TaskHas == nil && w.TaskLacks == nil && w.Files == nil && w.AutoReplies == nil && w.AnswerTo == "" &&
		w.After == "" {
		return
	}
	d := newReportedDrive(r.t)
	before := ""
	sent := 0
	if w.After != "" {
		r.poll(d, w.After)
		task := d.portal.Tasks()[0]
		if w.CloseBetween {
			d.portal.CloseTask(task.ID, task.Responsible)
			d.minute("notify")
		}
		before, sent = commented(d.portal.Tasks()), len(d.mailed())
	}
	verdict := r.poll(d, r.name)
	tasks := d.portal.Tasks()
	if len(tasks) != 1 {
		r.say("%d tasks:\n%s", len(tasks), d.tasks())
		return
	}
	if w.After != "" && w.Verdict != "" && verdict != w.Verdict {
		r.say("verdict is %s, want %s", verdict, w.Verdict)
	}
	r.made(d, tasks[0], strings.TrimPrefix(commented(tasks), before), len(d.mailed())-sent)
}

// commented returns all comments on the tasks except those of the system.
func commented(tasks []sandbox.Task) string {
	var b strings.Builder
	for _, t := range tasks {
		for _, c := range t.Comments {
			if !c.System {
				fmt.Fprintln(&b, c.Text)
			}
		}
	}
	return b.String()
}

// made checks the results of a pass.
func (r *reported) made(d *drive, task sandbox.Task, comments string, sent int) {
	w := r.want
	r.pieces("task", task.Title+"\n"+task.Description, w.TaskHas, w.TaskLacks)
	r.pieces("comments", comments, w.CommentHas, w.CommentLacks)
	if w.AutoReplies != nil && sent != *w.AutoReplies {
		r.say("%d letters were sent, want %d", sent, *w.AutoReplies)
	}
	if w.Reopened != nil && *w.Reopened != (task.Status != 5) {
		r.say("the task has status %d", task.Status)
	}
	var files []string
	for _, f := range task.Files {
		files = append(files, f.Name)
	}
	for _, c := range task.Comments {
		for _, f := range c.Files {
			files = append(files, f.Name)
		}
	}
	if slices.Sort(files); w.Files != nil && !slices.Equal(files, w.Files) {
		r.say("files are %q, want %q", files, w.Files)
	}
	if w.AnswerTo == "" {
		return
	}
	before := len(d.mailed())
	d.portal.Say(task.ID, task.Responsible, "Ответ специалиста")
	d.clock.Advance(2 * time.Minute)
	d.must(exit.Done, "notify")
	letters := d.mailed()[before:]
	if len(letters) != 1 || !slices.Equal(letters[0].To, []string{w.AnswerTo}) {
		r.say("the answer went to %v", letters)
	}
}
