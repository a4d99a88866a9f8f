package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"helpdesk/internal/servers"
)

// startState starts the store of the state: a database or a small disk, or nothing without these flags.
func startState(ctx context.Context, h *hand, o options, vars map[string]string) {
	switch {
	case o.database:
		startDatabase(ctx, h, o.pooler, vars)
	case o.disk != 0:
		disk, err := servers.NewDisk(o.disk)
		servers.Want(h, err)
		h.Cleanup(disk.Remove)
		vars["HELPDESK_STATE"] = filepath.Join(disk.Dir, "helpdesk.db")
	}
}

// startDatabase starts a PostgreSQL with a standby, and fails over on SIGHUP.
func startDatabase(ctx context.Context, h *hand, pooler string, vars map[string]string) {
	primary, err := servers.StartPostgres(nil)
	servers.Want(h, err)
	h.Cleanup(primary.Stop)
	for _, sql := range []string{"create role helpdesk login password '" + password + "'",
		"create database helpdesk owner helpdesk"} {
		_, err = primary.SQL("postgres", sql)
		h.want(err)
	}
	standby, err := primary.Standby()
	servers.Want(h, err)
	h.Cleanup(standby.Stop)
	state, err := url.Parse(primary.Address("helpdesk", password, "helpdesk"))
	h.want(err)
	other, err := url.Parse(standby.Address("helpdesk", password, "helpdesk"))
	h.want(err)
	state.Host += "," + other.Host
	vars["HELPDESK_STATE"] = state.String()
	if pooler != "" {
		b, err := primary.StartPooler(pooler, "helpdesk", password)
		servers.Want(h, err)
		h.Cleanup(b.Stop)
		vars["HELPDESK_STATE"] = b.Address("helpdesk", password, "helpdesk")
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		select {
		case <-hup:
			primary.Halt()
			fmt.Fprintln(h.out, "failed over:", standby.Promote())
		case <-ctx.Done():
		}
	}()
}
