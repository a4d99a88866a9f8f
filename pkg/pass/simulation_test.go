package pass_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/internal/crowd"
	"helpdesk/internal/servers"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

var (
	simSeeds = flag.Int("sim.seeds", 2, "how many seeds TestSimulation goes through")
	simSeed  = flag.Uint64("sim.seed", 1, "the first of them")
)

// simulation is a day of two hosts with one state, in one process. The seed determines everything: which letters
// arrive, which host works when and how wrong its clock is, where a pass dies or its session is cut, what the other
// host does meanwhile, and when a standby without the last commits takes over or a backup of the file is restored.
type simulation struct {
	*world
	*crowd.Crowd
	server  *pgconn.PgConn // a separate connection for the simulation; nil = the state is a file
	schema  string
	host    int
	skews   [2]time.Duration
	kept    bool // the standby has received a copy
	late    *int // what was visible when a suspended machine resumed; nil = none was suspended
	history []string
}

// TestSimulation runs seeds with a file and, if PostgreSQL is installed, with a database. To repeat a failed seed, use
// -sim.seed N -sim.seeds 1.
func TestSimulation(t *testing.T) {
	if testing.Short() {
		t.Skip("plays days")
	}
	t.Run("bolt", func(t *testing.T) {
		for seed := *simSeed; seed < *simSeed+uint64(*simSeeds); seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { newSimulation(t, seed, nil, "").play() })
		}
	})
	t.Run("postgres", func(t *testing.T) {
		p := database(t)
		server := simulatedServer(t, p)
		for seed := *simSeed; seed < *simSeed+uint64(*simSeeds); seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				newSimulation(t, seed, server, p.Address("sim", "", "postgres")).play()
			})
		}
	})
}

// clockOfTheServer gives the server's user sim a clock that can be set, by functions that take precedence over the
// server's own.
const clockOfTheServer = `
	create role sim login superuser; create schema sim authorization sim; create table sim.shift (by interval not null);
	insert into sim.shift values ('0'); alter table sim.shift owner to sim;
	create function sim.clock_timestamp() returns timestamptz language sql as
		'select pg_catalog.clock_timestamp() + by from sim.shift';
	create function sim.now() returns timestamptz language sql as 'select pg_catalog.now() + by from sim.shift';
	alter role sim set search_path = sim, pg_catalog; alter role sim set synchronous_commit = off`

// simulatedServer connects to the server as the user whose clock can be set.
func simulatedServer(t *testing.T, p *servers.Postgres) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), p.Address("sim", "", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func newSimulation(t *testing.T, seed uint64, server *pgconn.PgConn, address string) *simulation {
	rnd := rand.New(rand.NewPCG(seed, 1))
	o := sandbox.PortalOptions{NewCard: rnd.IntN(2) == 0}
	return simulate(t, rnd, o, server, address, fmt.Sprintf("sim%d", seed))
}

// simulate runs a day with a portal of the given kind, with the state in a schema of the server.
func simulate(t *testing.T, rnd *rand.Rand, o sandbox.PortalOptions, server *pgconn.PgConn,
	address, schema string) *simulation {
	m := &simulation{server: server, schema: schema}
	m.world = newWorld(t, o)
	m.Crowd = &crowd.Crowd{Portal: m.portal, IMAP: m.imap, SMTP: m.smtp, Rnd: rnd, Now: m.clock.Now}
	m.policy.Combine = false // the grouping of comments into letters is lost with the commits
	m.wired = func(p *pass.Pass, s *store.Store) {
		here := m.skews[m.host]
		now := func() time.Time { return s.Now(m.clock.Now().Add(here)) }
		p.Now, p.Outbox.Now, p.Lost, m.policy.Apart = now, now, s.Lost(), s.Doubted()
	}
	if server == nil {
		m.opening = func(o *store.Options) { o.Now = m.here }
		return m
	}
	m.state = address + "&search_path=" + m.schema
	t.Cleanup(func() { m.ask("set client_min_messages = error; drop schema if exists " + m.schema + " cascade") })
	m.skews = [2]time.Duration{m.upTo(240) - 2*time.Hour, m.upTo(240) - 2*time.Hour}
	m.opening = func(o *store.Options) {
		o.Wait = time.Minute // a cut session takes time to end
		o.Now = m.here
		m.ask(fmt.Sprintf("update sim.shift set by = '%d milliseconds'", time.Until(m.clock.Now()).Milliseconds()))
	}
	return m
}

// here returns the clock of the working host. It must advance, because the server's clock does.
func (m *simulation) here() time.Time { return m.clock.Now().Add(m.skews[m.host]) }

func (m *simulation) upTo(n int) time.Duration { return time.Duration(m.Rnd.IntN(n)) * time.Minute }

func (m *simulation) note(format string, args ...any) {
	m.history = append(m.history, m.clock.Now().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (m *simulation) ask(sql string) []*pgconn.Result {
	m.t.Helper()
	out, err := m.server.Exec(context.Background(), sql).ReadAll()
	m.check(err)
	return out
}

func (m *simulation) play() {
	defer func() {
		if m.t.Failed() {
			m.t.Logf("what happened:\n%s", strings.Join(m.history, "\n"))
		}
	}()
	for range 8 + m.Rnd.IntN(10) {
		what, err := m.Happen()
		m.check(err)
		m.note("%s", what)
		m.clock.Advance(time.Duration(20+m.Rnd.IntN(160)) * time.Second)
		m.host = m.Rnd.IntN(2)
		m.work()
		m.standby()
	}
	m.steps = nil
	m.quiet()
	m.clock.Advance(3 * time.Minute)
	m.quiet() // a comment is read again until the portal's clock has advanced
	for _, mistake := range m.Mistakes() {
		m.t.Error(mistake)
	}
}

// work runs a pass, which may die at some step, or lose its session there while the other host continues.
func (m *simulation) work() {
	kind, fn := "poll", poll
	if m.Rnd.IntN(3) == 0 {
		kind, fn = "notify", (*pass.Pass).Announce
	}
	at, n, fate := m.Rnd.IntN(22), 0, m.Rnd.IntN(4)
	m.steps = func(name string) {
		if n++; n-1 != at {
			return
		}
		m.steps = nil
		switch {
		case fate == 0:
			m.note("  dies at: %s", name)
			m.dead = name
			panic(died{name})
		case fate == 1 && m.server != nil:
			m.note("  is cut off at: %s", name)
			m.cut(name)
		case fate == 2:
			s, err := store.Open(m.state, store.Options{})
			if !errors.Is(err, store.ErrLocked) {
				m.t.Errorf("a second run at %s: %v", name, err)
				_ = s.Close()
			}
		}
	}
	m.note("host %d: %s", m.host, kind)
	m.late = nil
	m.pass(fn)
	m.steps = nil
	if now := m.outward(); m.late != nil && now != *m.late {
		m.t.Errorf("a machine that had stood still made something when it woke up: %d letters and tasks, before %d",
			now, *m.late)
	}
}

// outward returns the number of letters and tasks, which customers and specialists can see.
func (m *simulation) outward() int { return len(m.smtp.Letters()) + len(m.portal.Tasks()) }

// cut ends the session of the pass and lets the other host work. The pass then continues without knowing that. If its
// machine was suspended, the pass must not have any further effects, unless it was suspended in the middle of a
// request.
func (m *simulation) cut(step string) {
	still := m.Rnd.IntN(2) == 0
	if still {
		m.note("  and stands still")
		m.clock.Advance(time.Minute)
	}
	defer func() {
		if now := m.outward(); still && !strings.HasPrefix(step, "send ") && !strings.HasPrefix(step, "make ") {
			m.late = &now
		}
	}()
	m.ask("select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() and usename = " +
		"'sim'")
	if m.Rnd.IntN(3) == 0 {
		return
	}
	was := m.host
	m.host = 1 - m.host
	m.note("  meanwhile host %d: poll", m.host)
	m.pass(poll)
	m.host = was
}

// pass runs a pass of this host. If the pass has lost the state, it must end with the error of a database that is away.
func (m *simulation) pass(fn func(*pass.Pass, context.Context) (*pass.Report, error)) {
	p, s := m.open(store.Options{})
	away := func(err error) {
		if !errors.Is(err, store.ErrAway) {
			m.check(err)
		}
	}
	defer func() { away(s.Close()) }()
	defer func() {
		if r := recover(); r != nil && r != (died{m.dead}) {
			panic(r)
		}
		m.dead = ""
	}()
	r, err := fn(p, context.Background())
	if m.dead != "" {
		return
	}
	away(err)
	if err == nil && r.Kind == "poll" && len(r.Problems) == 0 {
		away(s.Recovered())
	}
}

// standby makes the standby receive the current data, or take over without what came later. For a file, the standby is
// its backup.
func (m *simulation) standby() {
	switch roll := m.Rnd.IntN(6); {
	case roll < 2:
		m.receive()
	case roll == 2 && m.kept:
		m.takeOver()
	}
}

// replicated are the tables of a state.
var replicated = []string{"entries", "counters", "fence"}

// receive copies everything to the standby.
func (m *simulation) receive() {
	m.kept = true
	if m.server == nil {
		_, s := m.open(store.Options{})
		m.check(errors.Join(s.Backup(m.state+".kept"), s.Close()))
		m.note("a backup is made")
		return
	}
	for _, table := range replicated {
		m.ask(fmt.Sprintf("create table if not exists %[1]s.kept_%[2]s (like %[1]s.%[2]s); delete from "+
			"%[1]s.kept_%[2]s; "+
			"insert into %[1]s.kept_%[2]s select * from %[1]s.%[2]s", m.schema, table))
	}
	m.note("the standby has everything")
}

// takeOver makes the standby serve its data.
func (m *simulation) takeOver() {
	m.kept = false
	if m.server == nil {
		m.check(os.Rename(m.state+".kept", m.state))
		m.note("the backup is put back")
		return
	}
	for _, table := range replicated {
		m.ask(fmt.Sprintf("delete from %[1]s.%[2]s; insert into %[1]s.%[2]s select * from %[1]s.kept_%[2]s", m.schema,
			table))
	}
	m.ask(fmt.Sprintf("update %s.entries set value = 'another' where bucket = 'meta' and key = 'line'", m.schema))
	m.note("the standby takes over")
}
