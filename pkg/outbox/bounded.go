package outbox

import (
	"bytes"
	"errors"
)

// errNoRoom ends the download of a file that a letter has no room for.
var errNoRoom = errors.New("there is no room for the file")

// bounded keeps what is written as long as there is room for it: the portal does not tell the size of every file.
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
