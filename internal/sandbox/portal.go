package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/sandbox/portal"
)

// startPortal starts the embedded portal, or one that replays a recording.
func startPortal(ctx context.Context, h *hand, o options, vars map[string]string) {
	if o.replay != "" {
		startReplay(h, o, vars)
		return
	}
	p := portal.NewPortal(portal.PortalOptions{NewCard: o.newCard, Now: portalClock(ctx, h, o.at)})
	webhook, err := p.Start()
	h.want(err)
	h.portal = p
	h.Cleanup(func() { _ = p.Close() })
	h.Cleanup(func() {
		for _, t := range p.Tasks() {
			fmt.Fprintf(h.out, "task %d %s\n", t.ID, t.Title)
		}
	})
	vars["HELPDESK_WEBHOOK"] = webhook
}

// portalClock returns a clock that starts at the given time, or nil for the machine's clock.
func portalClock(ctx context.Context, h *hand, at string) func() time.Time {
	if at == "" {
		return nil
	}
	start, err := time.Parse(time.RFC3339, at)
	h.want(err)
	clock := portal.NewClock(start)
	go tick(ctx, time.Second, func() { clock.Advance(time.Second) })
	return clock.Now
}

// startReplay starts a portal that replays a recording. At the end it prints the requests.
func startReplay(h *hand, o options, vars map[string]string) {
	answers, err := testkit.Recording(h, o.replay)
	h.want(err)
	s := testkit.NewScript(h, answers...)
	h.Cleanup(func() {
		for n := range s.Count() {
			path := s.Request(n).Path
			fmt.Fprintln(h.out, "request", path)
			if !strings.Contains(path, "/batch") {
				continue
			}
			for _, c := range s.Commands(h, n) {
				fmt.Fprintln(h.out, "  ", c)
			}
		}
		fmt.Fprintf(h.out, "%d of %d answers were asked for\n", min(s.Count(), len(answers)), len(answers))
	})
	vars["HELPDESK_WEBHOOK"] = s.URL + "/rest/17/replay/"
}
