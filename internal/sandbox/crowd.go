package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"helpdesk/internal/crowd"
)

// startCrowd starts a crowd of customers and a specialist, with one event at once and then one per interval. At the end
// it prints whether passes created everything exactly once.
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
