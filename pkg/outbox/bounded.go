package outbox

import (
	"bytes"
	"errors"
)

// errNoRoom ends the download of a file that would make a letter too large.
var errNoRoom = errors.New("there is no room for the file")

// bounded stores what is written until its room is used up. It is needed because the portal does not report the size of
// every file.
type bounded struct {
	content bytes.Buffer
	room    int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(b.content.Len()+len(p)) > b.room {
		return 0, errNoRoom
	}
	return b.content.Write(p)
}
