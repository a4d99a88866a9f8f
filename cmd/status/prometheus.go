package status

import (
	"fmt"
	"strings"
	"time"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/alarm"
)

// metric is one metric, with a value for each of its labels.
type metric struct {
	name, help string
	values     []value
}

// value is a value with its labels; the label of the installation is added later.
type value struct {
	labels string // pass="poll"; "" = none
	v      float64
}

// Prometheus prints the metrics in the text exposition format. Each metric has a label for the installation.
func Prometheus(t *tui.Terminal, s Standing) {
	where := `installation="` + quoted.Replace(s.State) + `"`
	for _, m := range metrics(s) {
		t.Printf("# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		for _, v := range m.values {
			labels := where
			if v.labels != "" {
				labels = v.labels + "," + where
			}
			t.Printf("%s{%s} %g\n", m.name, labels, v.v)
		}
	}
}

// quoted escapes the text of a label.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Label returns a label as the text format has it: pass="poll".
func Label(name, text string) string { return name + `="` + quoted.Replace(text) + `"` }

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func metrics(s Standing) []metric {
	one := func(v float64) []value { return []value{{"", v}} }
	each := func(of func(Stood) float64) (all []value) {
		for _, p := range s.Passes {
			all = append(all, value{Label("pass", p.Kind), of(p)})
		}
		return all
	}
	box := func(of func(Box) float64) (all []value) {
		for _, m := range s.Mailboxes {
			all = append(all, value{Label("mailbox", m.Name), of(m)})
		}
		return all
	}
	signIn := func(of func(SignIn) float64) (all []value) {
		for _, in := range s.SignIns {
			all = append(all, value{Label("mailbox", in.Mailbox), of(in)})
		}
		return all
	}
	return []metric{
		{"helpdesk_ok", "1 when nothing needs a person.", one(truth(s.OK))},
		{"helpdesk_last_good_pass_timestamp_seconds", "End of the last pass that left nothing to be repeated.",
			each(func(p Stood) float64 { return seconds(p.Good) })},
		{"helpdesk_pass_duration_seconds", "Duration of the last pass.", each(func(p Stood) float64 {
			return p.Duration.Seconds()
		})},
		{"helpdesk_failed_passes", "Failed passes in a row.", each(func(p Stood) float64 { return float64(p.Failed) })},
		{"helpdesk_pass_overdue", "1 when the last good pass is too long ago.", each(func(p Stood) float64 {
			return truth(p.Overdue)
		})},
		{"helpdesk_portal_requests", "Requests to the portal in the last pass.", each(func(p Stood) float64 {
			return float64(p.Requests)
		})},
		{"helpdesk_portal_limit_used_ratio", "Part of its time that the method closest to its limit has had.",
			each(func(p Stood) float64 { return p.Used })},
		{"helpdesk_mailbox_last_good_timestamp_seconds", "When the mailbox was read last.", box(func(m Box) float64 {
			return seconds(m.Good)
		})},
		{"helpdesk_mailbox_failed_passes", "Passes in a row that could not read the mailbox.", box(func(m Box) float64 {
			return float64(m.Failed)
		})},
		{"helpdesk_mailbox_unseen_messages", "Unseen messages in the mailbox.", box(func(m Box) float64 {
			return float64(m.Listed)
		})},
		{"helpdesk_sign_in_ok", "0 when a person must sign the mailbox in: helpdesk login.",
			signIn(func(in SignIn) float64 { return truth(in.Error == "") })},
		{"helpdesk_sign_in_expiry_timestamp_seconds", "When the mailbox's sign-in ends, 0 when no end is known.",
			signIn(func(in SignIn) float64 { return seconds(in.Ends) })},
		{"helpdesk_outbox_pending", "Effects not yet made.", one(float64(s.Backlog.Pending))},
		{"helpdesk_outbox_held", "Effects held for a person.", one(float64(s.Backlog.Held))},
		{"helpdesk_outbox_oldest_timestamp_seconds", "When the oldest effect was queued, 0 when there is none.",
			one(seconds(s.Backlog.Oldest))},
		{"helpdesk_quarantine_messages", "Messages that could not be processed.", one(float64(s.Backlog.Quarantine))},
		{"helpdesk_trouble_since_timestamp_seconds", "Since when something is wrong.", troubles(s.Troubles)},
	}
}

func troubles(all []alarm.Entry) (found []value) {
	for _, e := range all {
		// other metrics count these kinds
		if e.Kind != alarm.Held && e.Kind != alarm.Waiting && e.Kind != alarm.Quarantine {
			found = append(found, value{Label("kind", string(e.Kind)) + "," + Label("name", e.Name) + "," +
				Label("person", fmt.Sprint(e.Person)), seconds(e.Since)})
		}
	}
	return found
}
