package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"helpdesk/internal/crowd"
)

// startCrowd has customers write and a specialist answer, one of them at once and then each time so much has passed, and says at the end whether passes made
// everything of it exactly once.
func startCrowd(ctx context.Context, h *hand, every time.Duration) {
	seed := uint64(time.Now().UnixNano())
	c := &crowd.Crowd{Portal: h.portal, IMAP: h.imap, SMTP: h.smtp, Rnd: rand.New(rand.NewPCG(seed, 0)), Now: time.Now}
	happen := func() {
		what, err := c.Happen()
		if err != nil {
			what = err.Error()
		}
		fmt.Fprintln(h.out, what)
	}
	happen()
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan bool)
	go func() {
		defer close(over)
		tick(ctx, every, happen)
	}()
	h.Cleanup(func() {
		cancel()
		<-over
		fmt.Fprintf(h.out, "%d letters and %d comments; %d letters are not marked\n", c.Letters, c.Said, c.Unseen())
		for _, wrong := range c.Mistakes() {
			fmt.Fprintln(h.out, wrong)
		}
	})
}
