// Command sandbox runs the embedded portal, mailbox and relay until it is interrupted, for manual trials and
// installations without real servers. It is not a test and checks nothing.
//
//	go run ./internal/sandbox -env helpdesk.env -letter letter.eml
//	go run ./internal/sandbox -crowd 10s -auth 2m
//	go run ./internal/sandbox -real -database -env helpdesk.env
//	go run ./internal/sandbox -fault cut=4096 -fault stall=1m -at 2026-12-31T18:00:00Z
//	go run ./internal/sandbox -replay RECORDING
//
// It writes the variables of a configuration: HELPDESK_WEBHOOK, HELPDESK_IMAP_PASSWORD, HELPDESK_SMTP_PASSWORD, and the
// ports HELPDESK_IMAP_PORT and HELPDESK_SMTP_PORT. A database or a small disk adds HELPDESK_STATE. An authorization
// server adds HELPDESK_OAUTH_URL: token_url, auth_url and device_url are that address with /token, /authorize and
// /device, and client_id is "app". At the end it prints the tasks and the recipients of letters.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"helpdesk/pkg/sandbox/mail"
	"helpdesk/pkg/sandbox/portal"
)

func main() {
	var o options
	flag.StringVar(&o.env, "env", "", "`FILE` to write the variables into")
	flag.StringVar(&o.letter, "letter", "", "`FILE` of a letter that lies in the mailbox")
	flag.BoolVar(&o.newCard, "new", false, "with the new task card")
	flag.StringVar(&o.replay, "replay", "", "`DIR` of a recording whose answers the portal gives, in their order")
	flag.StringVar(&o.at, "at", "", "`TIME` at which the portal's clock starts (RFC 3339)")
	flag.BoolVar(&o.real, "real", false, "Dovecot and Postfix of this machine in place of the embedded servers")
	flag.BoolVar(&o.dovecot, "dovecot", false,
		"Dovecot of this machine in place of the embedded mailbox; the relay is the embedded one")
	flag.BoolVar(&o.database, "database", false, "a PostgreSQL with a standby; SIGHUP fails over to it")
	flag.StringVar(&o.pooler, "pooler", "",
		"with -database: a PgBouncer before it in this `MODE`, session or transaction")
	flag.IntVar(&o.disk, "disk", 0, "a disk in memory of so many `BYTES` for the state")
	flag.DurationVar(&o.auth, "auth", 0, "an authorization server whose tokens last this `TIME`, for 'helpdesk login'")
	flag.DurationVar(&o.crowd, "crowd", 0, "customers write and a specialist answers, one of them each `TIME`")
	flag.Func("fault", "fault of the way to the mailbox: cut=BYTES, upload=BYTES, drop, delay=TIME, stall=TIME, "+
		"rewrite=OLD=NEW", func(s string) error {
		f, err := parseFault(s)
		o.faults = append(o.faults, f)
		return err
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	env, letter, replay, at string
	newCard, real, database bool
	dovecot                 bool
	pooler                  string
	disk                    int
	auth, crowd             time.Duration
	faults                  []fault
}

// fit returns an error if two flags exclude each other.
func (o options) fit() error {
	switch {
	case o.pooler != "" && !o.database:
		return errors.New("-pooler goes with -database")
	case o.disk != 0 && o.database:
		return errors.New("the state lies on -disk or in -database")
	case (o.auth != 0 || o.crowd != 0) && (o.real || o.dovecot):
		return errors.New("-auth and -crowd go with the embedded mailbox and relay")
	case o.crowd != 0 && o.replay != "":
		return errors.New("-crowd goes with the embedded portal")
	}
	return nil
}

// The mailbox's account.
const user, password = "support@helpdesk.example", "sandbox"

// run runs the servers until ctx ends, and prints the tasks and letters to out.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if err := o.fit(); err != nil {
		return err
	}
	h := &hand{out: out}
	defer h.end(&err)
	vars := map[string]string{"HELPDESK_IMAP_PASSWORD": password, "HELPDESK_SMTP_PASSWORD": password}
	startPortal(ctx, h, o, vars)
	if o.auth != 0 {
		startAuth(h, o, vars)
	}
	startMail(ctx, h, o, vars)
	startState(ctx, h, o, vars)
	if o.crowd != 0 {
		startCrowd(ctx, h, o.crowd)
	}
	if err := write(out, o.env, vars); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// write writes the variables completely or not at all.
func write(out io.Writer, env string, vars map[string]string) error {
	var b strings.Builder
	for _, name := range []string{"WEBHOOK", "IMAP_PASSWORD", "SMTP_PASSWORD", "IMAP_PORT", "SMTP_PORT", "OAUTH_URL",
		"STATE"} {
		if v, ok := vars["HELPDESK_"+name]; ok {
			fmt.Fprintf(&b, "HELPDESK_%s='%s'\n", name, v)
		}
	}
	if env == "" {
		_, err := io.WriteString(out, b.String())
		return err
	}
	aside := filepath.Join(filepath.Dir(env), "."+filepath.Base(env)+".new")
	if err := os.WriteFile(aside, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(aside, env)
}

// hand replaces a test when servers are started by hand: a fatal error ends run after the cleanup.
type hand struct {
	out  io.Writer
	ends []func()

	// The running embedded servers; nil = replaced by another server.
	portal *portal.Portal
	imap   *mail.IMAP
	smtp   *mail.SMTP
	token  func(user, token string) bool // reports whether a token opens an account; nil = the token is the password
}

// stopped is the panic value that ends a run.
type stopped struct{ error }

func (h *hand) Helper()                        {}
func (h *hand) Cleanup(f func())               { h.ends = append(h.ends, f) }
func (h *hand) Errorf(format string, a ...any) { fmt.Fprintf(h.out, format+"\n", a...) }
func (h *hand) Fatalf(format string, a ...any) { panic(stopped{fmt.Errorf(format, a...)}) }
func (h *hand) Skip(a ...any)                  { h.Fatal(a...) }

// Fatal ends the run with an error.
func (h *hand) Fatal(a ...any) {
	for _, v := range a {
		if err, ok := v.(error); ok {
			panic(stopped{err})
		}
	}
	panic(stopped{errors.New(fmt.Sprint(a...))})
}

// want ends the run if something did not start.
func (h *hand) want(err error) {
	if err != nil {
		h.Fatal(err)
	}
}

// end runs the cleanup functions in reverse order.
func (h *hand) end(err *error) {
	v := recover()
	for i := len(h.ends) - 1; i >= 0; i-- {
		h.ends[i]()
	}
	if s, ok := v.(stopped); ok {
		*err = s.error
	} else if v != nil {
		panic(v)
	}
}

// tick calls f at an interval until ctx ends.
func tick(ctx context.Context, every time.Duration, f func()) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}
