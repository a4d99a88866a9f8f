package outbox

import (
	"slices"
	"sync"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/spool"
)

// Bodies keeps the messages that are being processed, so that their files need not be fetched again. The zero value is
// empty. Several goroutines may use it.
type Bodies struct {
	mu   sync.Mutex
	kept map[desk.Place]named
}

// named is a message with its key, "" if the key is not known yet.
type named struct {
	*spool.Body
	key string
}

// MostBytes is the maximum total size of the messages that are processed at the same time. A larger message is
// processed alone.
const MostBytes = 64 << 20

// Limits for the messages kept for effects that a later round makes.
const (
	lagging  = 100           // number of messages
	LagBytes = MostBytes / 4 // total size in bytes
)

// Add stores a message. The message now belongs to b.
func (b *Bodies) Add(at desk.Place, body *spool.Body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[desk.Place]named{}
	}
	b.kept[at].Close()
	b.kept[at] = named{Body: body}
}

// Room reports whether b has room for this many more bytes.
func (b *Bodies) Room(size int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, body := range b.kept {
		size += body.Size()
	}
	return size <= MostBytes
}

// Name records the key of a message.
func (b *Bodies) Name(at desk.Place, key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if body, ok := b.kept[at]; ok {
		b.kept[at] = named{body.Body, key}
	}
}

// Get returns a message and its key, "" if the key is unknown; a nil message if b does not have it. The message still
// belongs to b.
func (b *Bodies) Get(at desk.Place) (*spool.Body, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body := b.kept[at]
	return body.Body, body.key
}

// Keep removes all messages except the needed ones and, within the limits, the last of those that may be needed.
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

// Clear removes all messages.
func (b *Bodies) Clear() { b.Keep(nil, nil) }
