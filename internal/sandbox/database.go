package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"helpdesk/internal/servers"
)

// startDatabase starts a PostgreSQL and its standby, and fails over on SIGHUP.
func startDatabase(ctx context.Context, h *hand, vars map[string]string) {
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
