package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/alarm"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

// passes are the functions that run a pass, by its kind and by whether it is a dry run.
var passes = map[string]map[bool]func(*pass.Pass, context.Context) (*pass.Report, error){
	"poll":   {false: (*pass.Pass).Poll, true: (*pass.Pass).Preview},
	"notify": {false: (*pass.Pass).Announce, true: (*pass.Pass).Rehearse},
}

func newPoll(a *app) *cobra.Command {
	var (
		dry, asJSON bool
		mailbox     string
	)
	c := &cobra.Command{
		Use:   "poll",
		Short: "One pass over the mailboxes: new mail becomes tasks and comments, and is answered",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return round{a}.pass(c.Context(), job{
				kind: "poll",
				run:  passes["poll"][dry],
				dry:  dry,
				json: asJSON,
				only: mailbox,
				line: tui.Message,
			})
		},
	}
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, "only say what would be done: nothing is written anywhere")
	c.Flags().BoolVar(&asJSON, "json", false, "print a report as JSON")
	c.Flags().StringVar(&mailbox, "mailbox", "", "the mailbox of this `NAME` alone")
	return c
}

func newNotify(a *app) *cobra.Command {
	var dry, asJSON bool
	c := &cobra.Command{
		Use:   "notify",
		Short: "One pass over the portal: specialists' new comments are mailed to the customer",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return round{a}.pass(c.Context(), job{
				kind: "notify",
				run:  passes["notify"][dry],
				dry:  dry,
				json: asJSON,
				line: tui.Change,
			})
		},
	}
	c.Flags().BoolVarP(&dry, "dry-run", "n", false,
		"only say what would be mailed to whom: nothing is written anywhere")
	c.Flags().BoolVar(&asJSON, "json", false, "print a report as JSON")
	return c
}

// job is a pass to run from the command line.
type job struct {
	kind string
	run  func(*pass.Pass, context.Context) (*pass.Report, error)
	dry  bool
	json bool
	only string                 // the only mailbox to read; "" = all
	line func(pass.Line) string // formats a line for people
	show func(pass.Line)        // gets each line, whatever the flags say; nil = not used

	advance func(done, total int) // draws the progress; nil = no bar
	end     func()                // removes the bar
}

// round runs passes for commands.
type round struct{ *app }

// known returns an error unless the settings have a mailbox with that name.
func known(cfg *config.Config, name string) error {
	if len(cfg.Mailboxes) == 0 {
		return fmt.Errorf("--mailbox %q: there is no configuration that names any", name)
	}
	var names []string
	for _, m := range cfg.Mailboxes {
		if m.Name == name {
			return nil
		}
		names = append(names, m.Name)
	}
	return fmt.Errorf("--mailbox %q: configured are %s", name, strings.Join(names, ", "))
}

// passEnds bounds the duration of a pass: the next pass does what is left.
const passEnds = 10 * time.Minute

// pass runs a job: it reads the settings, opens the state, runs the pass, and prints the report.
func (a round) pass(ctx context.Context, j job) (err error) {
	if a.timeout == 0 {
		a.timeout = passEnds
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	cfg, err := a.serverSettings()
	if err != nil {
		if j.dry {
			return err
		}
		return a.misread(j.kind, err)
	}
	if j.only != "" {
		if err := known(cfg, j.only); err != nil {
			return exit.Usage(err)
		}
	}
	state := a.stateOf(cfg)
	var (
		servers *wiring.Servers
		kept    store.Kept
	)
	defer kept.Close()
	if j.kind == "poll" {
		if servers, err = a.look(ctx, cfg, j, &kept); err != nil {
			return a.shut(ctx, cfg, j, state, err)
		}
		defer servers.Looked.Close(a.Logger(cfg.Log.Level, cfg.Log.Format))
	}
	s, err := a.openForPass(ctx, state, j, store.Options{Kept: &kept})
	if err != nil {
		return a.shut(ctx, cfg, j, state, err)
	}
	defer func() { err = closing(err, s) }()
	var said *warnings
	if !j.dry {
		said = a.once(state, s)
	}
	j.advance, j.end = a.bar(j) // before the log, so that log lines appear above the bar
	p, err := a.wire(cfg, s, servers)
	if err != nil {
		return err
	}
	r, failed := a.ran(ctx, j, p, cfg, state)
	told := failed == nil && tellDoubt(s.Doubt(), r)
	err = conclude(ctx, exit.After(r, failed))
	if perr := summary(&a.Terminal, j, r); perr != nil {
		err = errors.Join(err, perr)
	}
	if j.dry {
		return err
	}
	if errors.Is(err, store.ErrAway) { // nothing more can be stored
		return a.shut(ctx, cfg, j, state, err)
	}
	var unkept error
	if err == nil && j.kind == "poll" && j.only == "" {
		unkept = s.Recovered()
	}
	if told {
		unkept = errors.Join(unkept, s.DoubtTold())
	}
	unkept = errors.Join(unkept, a.keepRecords(ctx, ended{p, cfg, j.kind, state, s.Now(a.now()), said}, s, r, failed,
		err))
	return errors.Join(a.quiet(err), unkept)
}

// ran runs a pass to its end. It does nothing if settings or templates are wrong.
func (a round) ran(ctx context.Context, j job, p *wiring.Parts, cfg *config.Config,
	state string) (*pass.Report, error) {
	if err := p.Try(cfg); err != nil {
		now := p.Now()
		return &pass.Report{Kind: j.kind, Started: now, Ended: now, DryRun: j.dry}, err
	}
	defer j.end()
	p.Advance, p.Lines, p.Notify = j.advance, j.json, a.notified(j)
	if j.dry {
		return j.run(p.Pass, ctx)
	}
	defer a.hold(p.Pass, state, j.kind)()
	r, err := j.run(p.Pass, ctx)
	return r, errors.Join(err, p.Settle(ctx))
}

// look logs in to the mailboxes and searches them. It opens the state only to read which servers to leave alone, so a
// slow server keeps no other command waiting. If another pass has the state open, look does not log in.
func (a round) look(ctx context.Context, cfg *config.Config, j job, kept *store.Kept) (*wiring.Servers, error) {
	s, err := a.openForPass(ctx, a.stateOf(cfg), j, store.Options{Kept: kept, Glance: !j.dry})
	if err != nil {
		return nil, err
	}
	log := a.Logger(cfg.Log.Level, cfg.Log.Format)
	servers := wiring.NewServers(cfg, s, a.clockOf(s), a.folders(a.stateOf(cfg)))
	servers.Leave(cfg)
	if err := s.Close(); err != nil {
		return nil, err
	}
	servers.Look(ctx, cfg, j.only, j.dry, log)
	return servers, nil
}

// notified returns the function that a pass calls with each of its lines; nil if nobody reads them.
func (a round) notified(j job) func(pass.Line) {
	if (j.dry || a.Chatty()) && !j.json && j.show == nil {
		return func(l pass.Line) {
			if l.Verdict != desk.Inside || a.Verbose > 0 { // most comments are internal
				a.Printf("%s\n", j.line(l))
			}
		}
	}
	return j.show
}

// hold makes a pass keep a diary next to the state, and claim the state as soon as it finds something to do. Before
// that it never keeps others waiting for long. The returned function ends both.
func (a round) hold(p *pass.Pass, state, kind string) (release func()) {
	diary := status.OpenDiary(a.beside(state), p.Log)
	p.Diary = diary
	claimed := func() {}
	assemble := p.Kit
	p.Kit = func() (pass.Kit, error) {
		claimed = status.Claim(state, "helpdesk "+kind, a.now())
		return assemble()
	}
	return func() { claimed(); diary.Close() }
}

// keepRecords writes the snapshot of a pass that failed with an error and ended with cause, alerts people, stores what
// the pass has learnt about the servers, and removes old records.
func (a round) keepRecords(ctx context.Context, e ended, s *store.Store, r *pass.Report, failed, cause error) error {
	snap, err := status.Last(e.state, s)
	if err != nil || snap.Passes == nil { // a damaged snapshot is replaced
		snap = status.Snapshot{Passes: map[string]status.Pass{}}
	}
	before := snap.Passes[e.kind].Ended
	snap.Note(r, cause, e.Client, e.now)
	snap.Name = store.Name(e.state)
	maps.DeleteFunc(snap.Mailboxes, func(name string, _ status.Mailbox) bool { return known(e.cfg, name) != nil })
	sight := e.Sight(r)
	sight.Troubles = append(sight.Troubles, unexpected(e.kind, failed)...)
	sight.Troubles = append(sight.Troubles, overdue(snap, e.kind, before, e.cfg.Monitor.Overdue, e.now)...)
	snap.SignIns = signIns(e.cfg, s)
	sight.Troubles = append(sight.Troubles, e.ending(snap.SignIns)...)
	var kept []alarm.Trouble
	if snap.Backlog, kept, err = status.Count(s); err != nil {
		e.Log.Warn("status", "err", err)
		sight.Over = func(alarm.Trouble) bool { return false }
	}
	sight.Troubles = append(sight.Troubles, withoutServers(kept, sight, &snap.Troubles)...)
	save := func() error { e.said.into(&snap.Troubles); return status.Keep(e.state, s, &snap, e.now) }
	a.sees(ctx, e, &snap.Troubles, sight, save)
	a.reopened(ctx, e)
	err = errors.Join(e.Keep(e.now), prune(s, e.now, e.cfg.Keep.Records), expire(s, e.now, e.cfg.Keep.Tickets))
	if serr := status.Seal(e.state, s, &snap, e.now); serr != nil && a.looked() { // else the book says so once an hour
		e.Log.Warn("status", "err", serr)
	}
	return err
}

// ending returns a trouble for each mailbox that soon needs a new sign-in.
func (e ended) ending(all []status.SignIn) (found []alarm.Trouble) {
	for _, in := range all {
		if in.Error == "" && in.Alarming(e.now) { // a mailbox that is already shut out has a trouble of its own
			found = append(found, alarm.Trouble{Kind: alarm.Token, Name: in.Mailbox, Until: in.Ends, Person: true,
				About: e.Address(in.Mailbox),
				Note:  "sign in again before " + tui.When(in.Ends) + ": helpdesk login " + in.Mailbox})
		}
	}
	return found
}

// signIns returns the sign-ins of the mailboxes that use OAuth.
func signIns(cfg *config.Config, s *store.Store) (all []status.SignIn) {
	for _, in := range wiring.SignedIns(cfg, s.Tokens) {
		one := status.SignIn{Mailbox: in.Mailbox, Since: in.Since, Ends: in.Ends}
		if in.Wrong != nil {
			one.Error = in.Wrong.Error()
		}
		all = append(all, one)
	}
	return all
}

// summary prints the result of a pass, for a program or for a person.
func summary(t *tui.Terminal, j job, r *pass.Report) error {
	if j.json {
		if r.Decided == nil {
			r.Decided = []pass.Line{} // JSON: [], not null
		}
		return t.JSON(r)
	}
	if !t.Chatty() || j.dry {
		return nil
	}
	took := r.Ended.Sub(r.Started).Round(1e6)
	switch j.kind {
	case "notify":
		t.Printf("notify: %s read, %s sent, %d waiting, %d held, in %s\n", tui.Count(r.Read, "comment", "comments"),
			tui.Count(r.Sent, "letter", "letters"), r.Waiting, r.Held, took)
	default:
		t.Printf("%s: %d unseen, %s, %s, %s, %d waiting, %d held, in %s\n", j.kind, r.Listed,
			tui.Count(r.Opened, "task", "tasks"),
			tui.Count(r.Commented, "comment", "comments"), tui.Count(r.Sent, "letter", "letters"), r.Waiting,
			r.Held+r.Quarantine, took)
	}
	return nil
}

// prune removes records that are older than keep. It runs once a day, a part in each pass.
func prune(s *store.Store, now time.Time, keep time.Duration) error {
	return daily(s, now, "pruned", func() (ended bool, err error) {
		_, ended, err = s.Prune(now.Add(-keep))
		return ended, err
	})
}

// expire removes personal data from tickets that were closed longer ago than keep. It runs once a day, a part in each
// pass.
func expire(s *store.Store, now time.Time, keep time.Duration) error {
	const most = 200 // tickets a pass
	if keep <= 0 {
		return nil
	}
	return daily(s, now, "expired", func() (ended bool, err error) {
		_, more, err := s.Persons.Expire(now, now.Add(-keep), most)
		return !more, err
	})
}

// daily calls work in each pass until it has ended, and then not for a day. mark is the work's name in the cache.
func daily(s *store.Store, now time.Time, mark string, work func() (ended bool, err error)) error {
	if _, done := s.Cached(mark, now.Add(-24*time.Hour)); done {
		return nil
	}
	if ended, err := work(); err != nil || !ended {
		return err
	}
	return s.Cache(now, map[string][]byte{mark: []byte("yes")})
}

// conclude returns err, or else the time-out or signal that ended the run early.
func conclude(ctx context.Context, err error) error {
	if err == nil && ctx.Err() != nil {
		return exit.Status{Code: exit.Temporary, Cause: ctx.Err()}
	}
	return err
}
