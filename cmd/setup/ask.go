package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"

	"helpdesk/cmd/wiring"
)

// Person answers the questions.
type Person interface {
	Line(ctx context.Context, prompt string) (string, error)   // io.EOF = nobody is there any more
	Hidden(ctx context.Context, prompt string) (string, error) // does not echo the input
}

// Answers are the values that a configuration needs.
type Answers struct {
	Address string
	Servers
	Password    string       // "" = skipped; Webhook can be skipped, too
	OAuth       config.OAuth // the application that signs in, if no password works
	Webhook     string
	Responsible int64
	Group       int64
}

// Wizard asks a person, and tries each answer at once. It repeats the question for a wrong answer, and says why.
type Wizard struct {
	Texts  Texts
	Out    io.Writer
	Person Person
	Net    Net
	Login  func(ctx context.Context, a Answers) (reading, sending error)
	Portal func(webhook string) (Portal, error)

	all []Provider
}

// defaultResponsible is the value in the example.
const defaultResponsible = 7

// Ask asks for everything; if address is not empty, it is not asked again.
func (w *Wizard) Ask(ctx context.Context, address string) (Answers, error) {
	a := Answers{Address: address, Responsible: defaultResponsible}
	var err error
	if w.all, err = wiring.Providers(); err != nil {
		return a, err
	}
	for _, step := range []func(context.Context, *Answers) error{w.address, w.servers, w.password, w.webhook} {
		if err := step(ctx, &a); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (w *Wizard) say(key string, args ...any) { fmt.Fprintln(w.Out, w.Texts.Say(key, args...)) }

func (w *Wizard) line(ctx context.Context, key string, args ...any) (string, error) {
	s, err := w.Person.Line(ctx, w.Texts.Say(key, args...))
	return strings.TrimSpace(s), err
}

// Mailbox reports whether a text is the address of a mailbox.
func Mailbox(text string) bool {
	p, err := desk.ParsePattern(text)
	return err == nil && !strings.HasPrefix(p.String(), "@")
}

func (w *Wizard) address(ctx context.Context, a *Answers) (err error) {
	for !Mailbox(a.Address) {
		if a.Address != "" {
			w.say("address.wrong", a.Address)
		}
		if a.Address, err = w.line(ctx, "address"); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wizard) servers(ctx context.Context, a *Answers) (err error) {
	a.Servers, err = Find(ctx, w.Net, w.all, a.Address)
	switch {
	case errors.Is(err, ErrNotFound):
		_, domain, _ := strings.Cut(a.Address, "@")
		w.say("notfound", domain)
		if a.IMAP, err = w.server(ctx, "imap", a.IMAP, 993, 143); err != nil {
			return err
		}
		if a.SMTP, err = w.server(ctx, "smtp", a.SMTP, 465, 587); err != nil {
			return err
		}
	case err != nil:
		return err
	case a.Provider.Name != "":
		w.say("found", a.Provider.Name, a.IMAP, a.SMTP)
	default:
		w.say("found.servers", a.IMAP, a.SMTP)
	}
	if note := a.Provider.Note[w.Texts.Language]; note != "" {
		fmt.Fprintln(w.Out, note)
	}
	return nil
}

// server asks for a server that was not found, until one answers.
func (w *Wizard) server(ctx context.Context, key string, found Server, ports ...int) (Server, error) {
	for found.Host == "" {
		typed, err := w.line(ctx, key)
		if err != nil {
			return found, err
		}
		if typed == "" {
			continue
		}
		host, try := typed, ports
		if h, p, err := net.SplitHostPort(typed); err == nil {
			n, _ := strconv.Atoi(p)
			host, try = h, []int{n}
		}
		var last error
		for _, port := range try {
			_, s, err := w.Net.Probe(ctx, host, port)
			if last = err; err == nil {
				found = s
				break
			}
		}
		if last != nil && found.Host == "" {
			w.say("server.wrong", typed, last)
		}
	}
	return found, nil
}

func (w *Wizard) password(ctx context.Context, a *Answers) (err error) {
	if a.SignsIn() {
		return w.application(ctx, a)
	}
	key := "password"
	if special := key + "." + a.Provider.Password; w.Texts.has(special) {
		key = special
	}
	for {
		if a.Password, err = w.Person.Hidden(ctx, w.Texts.Say(key, a.Address)); err != nil || a.Password == "" {
			return err
		}
		reading, sending := w.Login(ctx, *a)
		switch {
		case reading != nil:
			w.say("password.wrong", reading)
		case sending != nil:
			w.say("smtp.wrong", sending)
		default:
			w.say("password.right")
			return nil
		}
	}
}

// SignsIn reports whether the provider accepts no password.
func (a Answers) SignsIn() bool { return a.Provider.Password == "oauth2" }

// application asks for the application that the mailbox signs in with. The sign-in comes later, because it needs a
// configuration.
func (w *Wizard) application(ctx context.Context, a *Answers) (err error) {
	a.OAuth.Provider = a.Provider.OAuth.ID
	if a.OAuth.ClientID, err = w.line(ctx, "client"); err != nil || a.OAuth.ClientID == "" {
		return err
	}
	if strings.Contains(a.Provider.OAuth.TokenURL, "{tenant}") {
		if a.OAuth.Tenant, err = w.line(ctx, "tenant"); err != nil {
			return err
		}
	}
	a.OAuth.ClientSecret, err = w.Person.Hidden(ctx, w.Texts.Say("client.secret"))
	return err
}
