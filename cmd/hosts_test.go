package cmd

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var (
	hostsRounds = flag.Int("hosts.rounds", 8, "how many passes TestTwoHosts runs")
	hostsSeed   = flag.Uint64("hosts.seed", 0, "what it does when; 0 = another each time")
)

// hosts are two machines whose crons share one state.
type hosts struct {
	*killing
	mu          sync.Mutex // guards the random numbers and the counters that are not atomic
	ran         int        // passes started
	cut, locked atomic.Int64
	whole       atomic.Int64 // passes that ended by themselves
}

// TestTwoHosts runs the passes of two hosts at the same time, as real processes with the state in one database. A third
// of the passes are killed, and sessions of living processes are cut. In the end each letter has made one task or one
// comment, each new request has at most one auto-reply, and all letters of a comment have the same Message-ID.
func TestTwoHosts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	seed := *hostsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./cmd -run TestTwoHosts -hosts.rounds %d -hosts.seed %d", *hostsRounds, seed)
	for i, card := range []string{"old card", "new card"} {
		t.Run(card, func(t *testing.T) {
			db := sharedDatabase(t)
			h := &hosts{killing: newKilling(t, rand.New(rand.NewPCG(seed, uint64(i))),
				sandbox.PortalOptions{NewCard: i == 1}, db.address())}
			h.measure()
			done := make(chan bool)
			var cutting sync.WaitGroup
			cutting.Go(func() { // cuts the sessions now and then
				for {
					select {
					case <-done:
						return
					case <-time.After(h.pause()):
						n, err := db.SQL("postgres", db.cut())
						if err != nil {
							t.Error(err)
						}
						if n != "0" {
							h.cut.Add(1)
						}
					}
				}
			})
			for left := *hostsRounds / 2; left > 0; left -= 20 {
				h.rounds(min(20, left))
			}
			close(done)
			cutting.Wait()
			h.settle()
			h.verify()
			t.Logf("%d letters, %d comments, %d of %d passes killed, %d times sessions cut, %d passes found it "+
				"locked, %d went well, %d letters sent", h.Letters,
				h.Said, h.killed, h.ran, h.cut.Load(), h.locked.Load(), h.whole.Load(), len(h.SMTP.Letters()))
		})
	}
}

// pause returns the time until the next cut.
func (h *hosts) pause() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(1+h.Rnd.IntN(8)) * h.takes / 2
}

// rounds runs n passes, shared by the two hosts.
func (h *hosts) rounds(n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for left.Add(-1) >= 0 {
				h.turn()
			}
		})
	}
	both.Wait()
}

// turn lets something happen and runs a pass. It kills the pass if fewer than a third were killed.
func (h *hosts) turn() {
	h.mu.Lock()
	h.happen()
	kind := []string{"poll", "notify"}[h.Rnd.IntN(2)]
	within := time.Minute
	if h.ran++; 3*h.killed < h.ran+6 { // a third and a few more, because some end before the kill
		within = h.soon()
	}
	retry := h.Rnd.IntN(4) == 0
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	c := exec.CommandContext(ctx, h.binary, "--config", h.config, kind)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	began := time.Now()
	err := c.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		h.whole.Add(1)
		h.mu.Lock()
		h.learn(false, time.Since(began))
		h.mu.Unlock()
	case ctx.Err() != nil:
		h.mu.Lock()
		h.learn(true, within)
		h.mu.Unlock()
	case errors.As(err, &ended) && ended.ExitCode() == exit.Temporary && out.Len() == 0:
		h.locked.Add(1)
	case errors.As(err, &ended) && ended.ExitCode() != exit.Temporary && ended.ExitCode() != exit.Held:
		h.t.Errorf("%s: %v\n%s", kind, err, out.Bytes())
	}
	if retry { // makes all entries due; the session may be cut
		_ = exec.Command(h.binary, "--config", h.config, "outbox", "retry", "--all").Run()
	}
}
