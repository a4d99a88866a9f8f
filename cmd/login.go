package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/setup"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/bearer"
	"helpdesk/pkg/config"
	"helpdesk/pkg/oauth"
	"helpdesk/pkg/store"
)

func newLogin(a *app) *cobra.Command {
	var page bool
	c := &cobra.Command{
		Use:   "login MAILBOX",
		Short: "Sign a mailbox in where its provider takes no password (OAuth 2.0)",
		Long: "For a mailbox with auth: oauth2. It shows a code to type on the provider's page, or a page to open in " +
			"a browser, and keeps the\n" +
			"token in the state, where passes renew it. Where the browser is on another machine, paste the address " +
			"it ends at.",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(values(completions{a}.signing)),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			cfg, err := a.serverSettings()
			if err != nil {
				return err
			}
			return login(ctx, a, cfg, args[0], page)
		},
	}
	c.Flags().BoolVar(&page, "page", false, "by a page in the browser, also where the provider has codes")
	return c
}

// signIn signs in one mailbox.
type signIn struct {
	*app
	cfg   *config.Config
	box   config.Mailbox
	texts setup.Texts
	page  bool // through a web page even if the provider has device codes
}

// login signs a mailbox in, tries the token at the mail servers, and stores it.
func login(ctx context.Context, a *app, cfg *config.Config, name string, page bool) error {
	m, ok := cfg.Mailbox(name)
	switch {
	case !ok:
		var names []string
		for _, m := range cfg.Mailboxes {
			names = append(names, m.Name)
		}
		return exit.Usage(fmt.Errorf("there is no mailbox %q: configured are %s", name, strings.Join(names, ", ")))
	case !m.SignsIn():
		return exit.Usage(fmt.Errorf("mailbox %s logs in by a password: set imap.auth and smtp.auth to oauth2 first",
			name))
	}
	texts, err := setup.Read(setup.Language(a.env))
	if err != nil {
		return err
	}
	return signIn{a, cfg, m, texts, page}.run(ctx)
}

func (a signIn) run(ctx context.Context) error {
	// Make sure that the state can be written before a person starts; then release it for passes.
	var ahead time.Duration
	err := a.useState(ctx, func(s *store.Store) error {
		here := a.now()
		ahead = s.Now(here).Sub(here)
		return nil
	})
	if err != nil {
		return err
	}
	client, err := wiring.SignIn(a.cfg, a.box, func() time.Time { return a.now().Add(ahead) })
	if err != nil {
		return err
	}
	token, err := a.ask(ctx, client)
	if err != nil {
		return fmt.Errorf("login %s: %w", a.box.Name, err)
	}
	reading, sending := tryToken(ctx, a.box, token)
	if errors.Is(reading, bearer.ErrRefused) {
		return fmt.Errorf("%w; nothing is kept: sign in as %s, or as somebody who may read that mailbox", reading,
			a.box.IMAP.User)
	}
	err = a.useState(ctx, func(s *store.Store) error {
		return wiring.KeepToken(s, s.Now(a.now()), a.box.Name, token)
	})
	if err == nil && reading == nil && sending == nil && a.Chatty() {
		a.Printf("%s\n", a.texts.Say("login.kept", a.box.Name))
	}
	return errors.Join(err, reading, sending)
}

// useState opens the state of the settings, which the caller has read already.
func (a signIn) useState(ctx context.Context, fn func(*store.Store) error) error {
	s, err := a.openForPerson(ctx, a.stateOf(a.cfg), store.Options{Command: "login"})
	if err != nil {
		return err
	}
	return closing(fn(s), s)
}

// ask has a person sign in, and returns the token.
func (a signIn) ask(ctx context.Context, client *oauth.Client) (bearer.Token, error) {
	say, user := a.texts.Say, a.box.IMAP.User
	if client.HasCodes() && !a.page {
		return client.Device(ctx, func(c oauth.Code) {
			a.Printf("%s\n", say("login.code", c.Page, user, c.Text, c.Expires.Local().Format("15:04")))
		})
	}
	talk := oauth.Talk{
		Show:  func(address string) { a.Printf("%s\n\n%s\n\n", say("login.page", user), address) },
		Wrong: func(err error) { a.Printf("%s\n", say("login.wrong", err)) },
		Done:  say("login.done"),
	}
	if person, ok := a.Keyboard(); ok {
		talk.Typed = func(ctx context.Context) (string, error) { return person.Line(ctx, say("login.paste")) }
	}
	return client.Page(ctx, talk)
}

// tryToken logs in to the servers of a mailbox that accept a token.
func tryToken(ctx context.Context, m config.Mailbox, t bearer.Token) (reading, sending error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	m.IMAP.Password, m.SMTP.Password = t.Access, t.Access
	if m.IMAP.Auth == "oauth2" {
		mb, err := wiring.OpenMailbox(ctx, m, true)
		if err == nil {
			err = mb.Close()
		}
		reading = err
	}
	if m.SMTP.Auth == "oauth2" {
		r, err := wiring.OpenRelay(ctx, m)
		if err == nil {
			err = r.Close()
		}
		sending = err
	}
	return reading, sending
}
