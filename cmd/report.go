package cmd

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/stats"
	"helpdesk/pkg/store"
)

// aMonth is the default period of a report, in days.
const aMonth lookingBack = 30

func newReport(a *app) *cobra.Command {
	var asJSON, asCSV, prometheus bool
	days := aMonth
	c := &cobra.Command{
		Use:   "report",
		Short: "Letters, tickets, first answers and closings, by mailbox, week and specialist",
		Long: "From our own records alone: the portal is not asked. Working time is that of the calendar in the " +
			"configuration. A first answer is\n" +
			"the first letter with a specialist's words.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if asJSON && asCSV || asCSV && prometheus || asJSON && prometheus {
				return exit.Usage(errors.New("--json, --csv and --prometheus: one of them"))
			}
			r, err := report(c, a, days)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return a.JSON(r)
			case asCSV:
				return reportCSV(&a.Terminal, r)
			case prometheus:
				reportPrometheus(&a.Terminal, r)
				return nil
			}
			return printReport(&a.Terminal, r)
		},
	}
	days.flag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asCSV, "csv", false, "print a line for each mailbox, week and specialist, times in seconds")
	c.Flags().BoolVar(&prometheus, "prometheus", false,
		"print the text format of Prometheus, for the node exporter's textfile folder")
	return c
}

// report counts the records of the last days in the state.
func report(c *cobra.Command, a *app, days lookingBack) (stats.Report, error) {
	now := a.now()
	since, err := days.from(now)
	if err != nil {
		return stats.Report{}, err
	}
	cfg, err := a.settings()
	if errors.Is(err, config.ErrNotFound) && a.stateFile != "" {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return stats.Report{}, err
	}
	n := stats.New(stats.Options{Since: since, Now: now, Calendar: wiring.Calendar(cfg)})
	err = a.withState(c.Context(), true, func(s *store.Store) error {
		if err := s.Ledger.Records(since, n.Letter); err != nil {
			return err
		}
		return s.Tickets.Each(n.Ticket)
	})
	return n.Report(), err
}

// section is a table of a report.
type section struct {
	name string
	rows []stats.Row
}

func sections(r stats.Report) []section {
	return []section{{
		"total",
		[]stats.Row{r.Total},
	}, {"mailbox", r.Mailboxes}, {"week", r.Weeks}, {"specialist", r.Specialists}}
}

// printReport prints a report for a person. On a terminal a bar compares the rows of a section.
func printReport(t *tui.Terminal, r stats.Report) error {
	t.Printf("%s to %s\n", tui.When(r.Since), tui.When(r.Until))
	for _, s := range sections(r) {
		if len(s.rows) == 0 {
			continue
		}
		t.Printf("\n")
		head := []string{strings.ToUpper(s.name), "LETTERS", "TICKETS", "REPEATS", "FIRST ANSWER", "CLOSED AFTER"}
		if err := t.Table(head, s.lines(t.Watched)); err != nil {
			return err
		}
	}
	t.Printf("\nUnanswered for more than a day: %d\n", r.Unanswered)
	if len(r.Silent) == 0 {
		return nil
	}
	var rows [][]string
	for _, c := range r.Silent {
		rows = append(rows, []string{c.Rule, strconv.Itoa(c.Letters)})
	}
	t.Printf("\n")
	return t.Table([]string{"NO AUTO-REPLY BY", "LETTERS"}, rows)
}

// lines returns the rows as printed, with bars if asked.
func (s section) lines(bars bool) (lines [][]string) {
	most := 0
	for _, row := range s.rows {
		most = max(most, row.Letters, row.Tickets)
	}
	for _, row := range s.rows {
		line := []string{cmp.Or(row.Name, "all"), strconv.Itoa(row.Letters), strconv.Itoa(row.Tickets),
			strconv.Itoa(row.Repeats),
			spread(row.Answer), spread(row.Close)}
		if s.name == "specialist" {
			line[1], line[3] = "", ""
		}
		if bars && s.name != "total" {
			line = append(line, share(cmp.Or(row.Letters, row.Tickets), most))
		}
		lines = append(lines, line)
	}
	return lines
}

// barWidth is the length of the longest bar in characters.
const barWidth = 20

func share(n, most int) string { return strings.Repeat("#", n*barWidth/max(most, 1)) }

// spread returns the median and the 90th percentile, and the same in working time: 2h10m/1d4h (1h0m/5h0m at work).
func spread(s stats.Spread) string {
	if s.Count == 0 {
		return "-"
	}
	return fmt.Sprintf("%s/%s (%s/%s at work)", span(s.Median), span(s.P90), span(s.Working.Median),
		span(s.Working.P90))
}

// span formats seconds as the two largest of days, hours and minutes.
func span(seconds int64) string {
	minutes := seconds / 60
	switch {
	case minutes >= 24*60:
		return fmt.Sprintf("%dd%dh", minutes/(24*60), minutes/60%24)
	case minutes >= 60:
		return fmt.Sprintf("%dh%dm", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%dm", minutes)
}

func reportCSV(t *tui.Terminal, r stats.Report) error {
	w := csv.NewWriter(t.Out)
	_ = w.Write([]string{"section", "name", "letters", "tickets", "repeats", "answered", "answer_median", "answer_p90",
		"answer_working_median",
		"answer_working_p90", "closed", "close_median", "close_p90", "close_working_median", "close_working_p90"})
	for _, s := range sections(r) {
		for _, row := range s.rows {
			line := []string{s.name, row.Name}
			for _, n := range append([]int64{int64(row.Letters), int64(row.Tickets), int64(row.Repeats)},
				append(numbers(row.Answer), numbers(row.Close)...)...) {
				line = append(line, strconv.FormatInt(n, 10))
			}
			_ = w.Write(line)
		}
	}
	_ = w.Write(append([]string{"unanswered", "", "", strconv.Itoa(r.Unanswered)}, make([]string, 11)...))
	for _, c := range r.Silent {
		_ = w.Write(append([]string{"silent", c.Rule, strconv.Itoa(c.Letters)}, make([]string, 12)...))
	}
	w.Flush()
	return w.Error()
}

func numbers(s stats.Spread) []int64 {
	return []int64{int64(s.Count), s.Median, s.P90, s.Working.Median, s.Working.P90}
}

// measures are what Prometheus is told of each row.
var measures = []struct {
	name, help string
	value      func(stats.Row) int64
}{
	{"letters", "Letters received within the reported days.", func(r stats.Row) int64 { return int64(r.Letters) }},
	{"tickets", "Tickets opened within the reported days.", func(r stats.Row) int64 { return int64(r.Tickets) }},
	{"repeats", "Letters that became comments.", func(r stats.Row) int64 { return int64(r.Repeats) }},
	{"answered", "Tickets with a first answer.", func(r stats.Row) int64 { return int64(r.Answer.Count) }},
	{"answer_median_seconds", "Median time to the first answer.", func(r stats.Row) int64 { return r.Answer.Median }},
	{"answer_p90_seconds", "Time to the first answer that nine tenths of the tickets did not exceed.",
		func(r stats.Row) int64 { return r.Answer.P90 }},
	{"answer_working_median_seconds", "The median in working time.",
		func(r stats.Row) int64 { return r.Answer.Working.Median }},
	{"answer_working_p90_seconds", "The same of nine tenths.",
		func(r stats.Row) int64 { return r.Answer.Working.P90 }},
	{"closed", "Tickets that were closed.", func(r stats.Row) int64 { return int64(r.Close.Count) }},
	{"close_median_seconds", "Median time to the closing.", func(r stats.Row) int64 { return r.Close.Median }},
	{"close_p90_seconds", "Time to the closing that nine tenths of the tickets did not exceed.",
		func(r stats.Row) int64 { return r.Close.P90 }},
	{"close_working_median_seconds", "The median in working time.",
		func(r stats.Row) int64 { return r.Close.Working.Median }},
	{"close_working_p90_seconds", "The same of nine tenths.", func(r stats.Row) int64 { return r.Close.Working.P90 }},
}

// reportPrometheus prints gauges of mailboxes and specialists. It prints no weeks, because Prometheus keeps the history
// itself.
func reportPrometheus(t *tui.Terminal, r stats.Report) {
	for _, m := range measures {
		t.Printf("# HELP helpdesk_report_%s %s\n# TYPE helpdesk_report_%s gauge\n", m.name, m.help, m.name)
		for _, row := range r.Mailboxes {
			t.Printf("helpdesk_report_%s{%s} %d\n", m.name, status.Label("mailbox", row.Name), m.value(row))
		}
	}
	for _, m := range measures {
		if m.name == "letters" || m.name == "repeats" { // letters and repeats have no specialist
			continue
		}
		name := "helpdesk_report_specialist_" + m.name
		t.Printf("# HELP %s %s By who answered first.\n# TYPE %s gauge\n", name, m.help, name)
		for _, row := range r.Specialists {
			t.Printf("%s{%s} %d\n", name, status.Label("specialist", row.Name), m.value(row))
		}
	}
	t.Printf("# HELP helpdesk_report_unanswered Tickets open for more than a day without an answer.\n# TYPE "+
		"helpdesk_report_unanswered gauge\n"+
		"helpdesk_report_unanswered %d\n", r.Unanswered)
	t.Printf("# HELP helpdesk_report_silent Letters without an auto-reply.\n# TYPE helpdesk_report_silent gauge\n")
	for _, c := range r.Silent {
		t.Printf("helpdesk_report_silent{%s} %d\n", status.Label("rule", c.Rule), c.Letters)
	}
}
