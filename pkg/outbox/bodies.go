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
	kept map[desk.Place]named
}

// named is a message, and its key once that is known.
type named struct {
	*spool.Body
	key string
}

// MostBytes is how much messages may take of the disk that are worked on at the same time. One that is longer is worked
// on alone.
const MostBytes = 64 << 20

// What is kept of messages whose effects a later round makes.
const (
	lagging  = 100           // messages
	LagBytes = MostBytes / 4 // and their bytes
)

// Add takes over a message.
func (b *Bodies) Add(at desk.Place, body *spool.Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[desk.Place]named{}
	}
	b.kept[at].Close()
	b.kept[at] = named{Body: body}
}

// Room reports whether it may take over so many bytes more.
func (b *Bodies) Room(size int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, body := range b.kept {
		size += body.Size()
	}
	return size <= MostBytes
}

// Name notes the key of a message.
func (b *Bodies) Name(at desk.Place, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if body, ok := b.kept[at]; ok {
		b.kept[at] = named{body.Body, key}
	}
}

// Get returns a message, which still belongs to b, and its key, "" = not known; nil = it does not hold that one.
func (b *Bodies) Get(at desk.Place) (*spool.Body, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body := b.kept[at]
	return body.Body, body.key
}

// Keep forgets all but the messages that are needed and, of those that may be, the last ones that are not too much.
func (b *Bodies) Keep(needed, perhaps []desk.Place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stays := map[desk.Place]bool{}
	for _, at := range needed {
		stays[at] = true
	}
	count, room := lagging, int64(LagBytes)
	for _, at := range slices.Backward(perhaps) {
		if body := b.kept[at]; body.Body != nil && !stays[at] {
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
