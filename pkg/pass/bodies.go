package pass

import (
	"slices"
	"sync"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/spool"
)

// bodies holds the messages being worked on, so that their files need not be fetched a second time.
type bodies struct {
	mu   sync.Mutex
	kept map[desk.Place]*spool.Body
}

// What is kept of messages whose effects a later round makes.
const (
	lagging  = 100      // messages
	lagBytes = 64 << 20 // and their bytes
)

// add takes over a message.
func (b *bodies) add(at desk.Place, body *spool.Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[desk.Place]*spool.Body{}
	}
	b.kept[at].Close()
	b.kept[at] = body
}

func (b *bodies) get(at desk.Place) (*spool.Body, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.kept[at]
	return body, ok
}

// keep forgets all but the messages that are needed and, of those that may be, the last ones that are not too much.
func (b *bodies) keep(needed, perhaps []desk.Place) {
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

func (b *bodies) clear() { b.keep(nil, nil) }
