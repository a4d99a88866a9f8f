// Command sandbox runs the embedded portal, mailbox and relay until it is interrupted, for who tries the program by
// hand or installs it on a machine without any of them.
//
//	go run ./internal/sandbox -env helpdesk.env -letter letter.eml
//
// It writes what a configuration names: HELPDESK_WEBHOOK, HELPDESK_IMAP_PASSWORD, HELPDESK_SMTP_PASSWORD, and the ports
// as HELPDESK_IMAP_PORT and HELPDESK_SMTP_PORT. When it ends it prints the tasks there are and who was sent letters.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"helpdesk/pkg/sandbox/mail"
	"helpdesk/pkg/sandbox/portal"
)

func main() {
	env := flag.String("env", "", "`FILE` to write the variables into")
	letter := flag.String("letter", "", "`FILE` of a letter that lies in the mailbox")
	card := flag.Bool("new", false, "with the new task card")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *env, *letter, *card); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// The mailbox's account.
const user, password = "support@helpdesk.example", "sandbox"

func run(ctx context.Context, env, letter string, card bool) error {
	p := portal.NewPortal(portal.PortalOptions{NewCard: card})
	webhook, err := p.Start()
	if err != nil {
		return err
	}
	defer p.Close()
	imap, err := mail.NewIMAP(mail.IMAPOptions{User: user, Password: password})
	if err != nil {
		return err
	}
	defer imap.Close()
	smtp, err := mail.NewSMTP(mail.SMTPOptions{User: user, Password: password})
	if err != nil {
		return err
	}
	defer smtp.Close()
	if letter != "" {
		raw, err := os.ReadFile(letter)
		if err != nil {
			return err
		}
		if _, err := imap.Append("INBOX", raw, time.Now()); err != nil {
			return err
		}
	}
	if err := write(env, webhook, imap.Addr(), smtp.Addr()); err != nil {
		return err
	}
	<-ctx.Done()
	for _, t := range p.Tasks() {
		fmt.Printf("task %d %s\n", t.ID, t.Title)
	}
	for _, l := range smtp.Letters() {
		fmt.Printf("letter to %s\n", strings.Join(l.To, ", "))
	}
	return nil
}

// write writes the variables, whole or not at all.
func write(env, webhook, imap, smtp string) error {
	_, imapPort, err := net.SplitHostPort(imap)
	_, smtpPort, err2 := net.SplitHostPort(smtp)
	text := fmt.Sprintf("HELPDESK_WEBHOOK='%s'\nHELPDESK_IMAP_PASSWORD='%s'\nHELPDESK_SMTP_PASSWORD='%s'\nHELPDESK_IMAP_PORT='%s'\nHELPDESK_SMTP_PORT='%s'\n",
		webhook, password, password, imapPort, smtpPort)
	if env == "" {
		fmt.Print(text)
		return errors.Join(err, err2)
	}
	return errors.Join(err, err2, os.WriteFile(env+".new", []byte(text), 0o600), os.Rename(env+".new", env))
}
