package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"helpdesk/pkg/config"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/store"
)

// checked is one line of check.
type checked struct {
	What     string `json:"what"`
	OK       bool   `json:"ok"`
	Optional bool   `json:"optional"` // without it a feature is missing, nothing more
	Note     string `json:"note"`     // what was found, or what to do
}

func newCheck(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Try everything the configuration names: a line each, ok or what to do",
		Long:  "Exit status 0 when all is well, 2 when something must be repaired first. Nothing is written anywhere.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			all, err := a.check(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.json(all)
			} else {
				err = a.printChecked(all)
			}
			bad := slices.ContainsFunc(all, func(k checked) bool { return !k.OK && !k.Optional })
			if err == nil && bad {
				err = status{code: exitUsage}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) check(ctx context.Context) ([]checked, error) {
	cfg, err := a.settings()
	if err != nil {
		return nil, err
	}
	path, _ := a.configPath()
	all := []checked{{What: "configuration", OK: true, Note: path}}
	if _, err := kit(cfg); err != nil {
		all = append(all, checked{What: "templates", Note: err.Error()})
	} else {
		all = append(all, checked{What: "templates", OK: true, Note: "all letters and posts render, all rules compile"})
	}
	state, s, err := a.checkState(ctx, a.stateOf(cfg))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all = append(all, state)
	p, _, err := a.wire(cfg, s)
	if err != nil {
		return nil, err
	}
	for i, b := range p.Boxes {
		all = append(all, a.checkMailbox(ctx, b, cfg.Mailboxes[i]), a.checkRelay(ctx, b))
	}
	for _, f := range p.Portal.(*portal.Client).Check(ctx, wanted(cfg)) {
		all = append(all, checked{What: "portal: " + f.What, OK: f.OK, Optional: f.Optional, Note: f.Hint})
	}
	return all, nil
}

// checkState opens the state as a dry run does. Where a pass could not, it says so, and returns an empty one in its place: the
// rest can be checked without.
func (a *app) checkState(ctx context.Context, path string) (checked, *store.Store, error) {
	k := checked{What: "state", OK: true, Note: path}
	err := placed(makeable(path), path)
	if err == nil {
		s, oerr := a.openForPerson(ctx, path, store.Options{Overlay: true})
		if oerr == nil {
			return k, s, nil
		}
		err = oerr
	}
	k.OK, k.Note = false, err.Error()
	s, err := store.Open("", store.Options{Overlay: true})
	return k, s, err
}

// makeable says why a pass could not make the state, or write it and what is kept beside it.
func makeable(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		if err := writable(path); err != nil {
			return err
		}
	}
	return writable(folder)
}

func (a *app) checkMailbox(ctx context.Context, b pass.Box, m config.Mailbox) checked {
	k := checked{What: "mailbox " + b.Name}
	mb, err := openMailbox(ctx, m, true)
	if err != nil {
		k.Note = portal.Mask(err.Error())
		return k
	}
	defer mb.Close()
	ls, err := mb.List(ctx)
	if err != nil {
		k.Note = err.Error()
		return k
	}
	for _, folder := range []string{m.IMAP.MoveTo, m.SMTP.SaveSent} {
		if folder == "" {
			continue
		}
		if _, err := mb.Folder(ctx, folder); err != nil {
			k.Note = err.Error()
			return k
		}
	}
	k.OK, k.Note = true, fmt.Sprintf("logged in, %d unseen", len(ls))
	return k
}

func (a *app) checkRelay(ctx context.Context, b pass.Box) checked {
	k := checked{What: "relay " + b.Name}
	r, err := b.Relay(ctx)
	if err != nil {
		k.Note = err.Error()
		return k
	}
	if err := r.Close(); err != nil {
		k.Note = err.Error()
		return k
	}
	k.OK, k.Note = true, "logged in; letters go out as "+b.Sender.String()
	return k
}

// wanted is what the settings ask of the portal.
func wanted(cfg *config.Config) portal.Want {
	w := portal.Want{CRM: slices.Contains(cfg.Contacts.Sources, "bitrix24")}
	for _, m := range cfg.Mailboxes {
		tasks := []config.Task{cfg.TaskFor(m.Name)}
		for _, r := range cfg.Routing {
			tasks = append(tasks, r.TaskFor(cfg, m.Name))
		}
		for _, t := range tasks {
			w.CRM = w.CRM || t.BindCRM
			for _, id := range slices.Concat([]int64{t.Responsible}, t.Auditors, t.Accomplices) {
				if !slices.Contains(w.Users, id) {
					w.Users = append(w.Users, id)
				}
			}
		}
	}
	return w
}

func (a *app) printChecked(all []checked) error {
	var rows [][]string
	for _, k := range all {
		stands := "ok"
		switch {
		case !k.OK && k.Optional:
			stands = "missing"
		case !k.OK:
			stands = "FAILED"
		}
		rows = append(rows, []string{stands, k.What, k.Note})
	}
	return a.table(nil, rows)
}
