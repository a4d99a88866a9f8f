package outbox

import (
	"slices"
	"sync"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/spool"
)

// Bodies holds the messages being worked on, so that their files need not be fetched a second time. Its zero value is
// empty; several goroutines may use it.
type Bodies struct {
	mu   sync.Mutex
	kept map[desk.Place]*spool.Body
}

// What is kept of messages whose effects a later round makes.
const (
	lagging  = 100      // messages
	lagBytes = 64 << 20 // and their bytes
)

// Add takes over a message.
func (b *Bodies) Add(at desk.Place, body *spool.Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[desk.Place]*spool.Body{}
	}
	b.kept[at].Close()
	b.kept[at] = body
}

// Get returns a message, which still belongs to b.
func (b *Bodies) Get(at desk.Place) (*spool.Body, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.kept[at]
	return body, ok
}

// Keep forgets all but the messages that are needed and, of those that may be, the last ones that are not too much.
func (b *Bodies) Keep(needed, perhaps []desk.Place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stays := map[desk.Place]bool{}
	for _, at := range needed {
		stays[at] = true
	}
	count, room := lagging, int64(lagBytes)
	for _, at := range slices.Backward(perhaps) {
		if body := b.kept[at]; body != nil && !stays[at] {
			count--
			room -= body.Size()
			stays[at] = count >= 0 && room >= 0
		}
	}
	for at, body := range b.kept {
		if !stays[at] {
			body.Close()
			delete(b.kept, at)
		}
	}
}

// Clear forgets all messages.
func (b *Bodies) Clear() { b.Keep(nil, nil) }
