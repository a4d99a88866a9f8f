package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// maxFile bounds the size in bytes of a file that ${file:…} reads.
const maxFile = 1 << 20

var variable = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_]*$`)

// outOfReach marks the error of a ${…} that this user cannot resolve: the variable is not set, or the file is not
// readable.
type outOfReach struct{ error }

// expand replaces ${NAME} and ${file:/path}; $${ becomes ${. The values put in are not expanded again. Errors name the
// variable or the file, never its content.
func (d *decoder) expand(text string, isText bool) (string, error) {
	if !isText || !strings.Contains(text, "${") {
		return text, nil
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before + "{")
			text = rest
			continue
		}
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", errors.New("${ without its }; write $${ for the characters themselves")
		}
		value, err := d.lookUp(name)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = after
	}
}

func (d *decoder) lookUp(name string) (string, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		return d.content(path)
	}
	if !variable().MatchString(name) {
		return "", errors.New("${…} holds no name of a variable; write $${ for the characters themselves")
	}
	value, ok := d.env(name)
	if !ok {
		return "", outOfReach{fmt.Errorf("the environment variable %s is not set", name)}
	}
	if glyph.BadByte([]byte(value)) >= 0 {
		return "", fmt.Errorf("the environment variable %s is not UTF-8", name)
	}
	return value, nil
}

// content returns a file's text without the newline at its end.
func (d *decoder) content(path string) (string, error) {
	path = d.path(path)
	f, err := os.Open(path)
	if err != nil {
		return "", outOfReach{fmt.Errorf("cannot read %s: %s", path, reason(err))}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %s", path, reason(err))
	}
	if len(raw) > maxFile {
		return "", fmt.Errorf("cannot read %s: larger than 1 MiB", path)
	}
	if i := glyph.BadByte(raw); i >= 0 {
		return "", fmt.Errorf("%s:%d is not UTF-8: save the file in that encoding", path,
			1+bytes.Count(raw[:i], []byte("\n")))
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // Notepad on Windows writes this mark
	return strings.TrimRight(string(raw), "\r\n"), nil
}
