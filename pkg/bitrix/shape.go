package bitrix

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"helpdesk/pkg/lazy"
)

// Shaper replaces every string in a request or response by its kind, its length in characters and a number. Equal
// strings have equal numbers. Numbers, member names and error codes are kept. It is safe for concurrent use; the zero
// value is ready.
type Shaper struct {
	mu   sync.Mutex
	seen map[string]int
}

// memberName matches member names of the portal. Other names may contain a person's text.
var memberName = lazy.Regexp(`^[A-Za-z0-9_.:!<>=%*-]{1,64}$`)

// errorCode matches an error code. Only the members error, code and name have one.
var errorCode = lazy.Regexp(
	`^(?:[A-Z][A-Z0-9_]{2,80}|[0-9]{1,8}|insufficient_scope|expired_token|user_access_error)$`)

// JSON returns raw with its strings replaced. If raw is not JSON, the result only describes it.
func (s *Shaper) JSON(raw []byte) []byte {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true))
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true))
	err := s.copy(dec, enc)
	if _, end := dec.ReadToken(); err != nil || end != io.EOF {
		return fmt.Appendf(nil, "{\"no JSON\": %q}\n", fmt.Sprintf("%s:%d", pageKind(raw), len(raw)))
	}
	return out.Bytes()
}

func pageKind(raw []byte) string {
	if bytes.Contains(bytes.ToLower(raw[:min(len(raw), 1024)]), []byte("<html")) {
		return "html"
	}
	return "bytes"
}

// copy copies one value with its strings replaced.
func (s *Shaper) copy(dec *jsontext.Decoder, enc *jsontext.Encoder) error {
	member := ""
	for {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.Kind() == '"' {
			text, name := tok.String(), isName(dec)
			if name {
				member = text
			}
			tok = jsontext.String(s.replaced(text, member, name))
		}
		if err := enc.WriteToken(tok); err != nil {
			return err
		}
		if dec.StackDepth() == 0 {
			return nil
		}
	}
}

// isName reports whether the last string read is a member name.
func isName(dec *jsontext.Decoder) bool {
	kind, n := dec.StackIndex(dec.StackDepth())
	return kind == '{' && n%2 == 1
}

func (s *Shaper) replaced(text, member string, name bool) string {
	switch {
	case name && memberName().MatchString(text):
		return text
	case !name && (member == "error" || member == "code") && errorCode().MatchString(text):
		return text
	case !name && strings.Contains(text, "?") && commandName().MatchString(text):
		return s.command(text)
	}
	return s.Text(text)
}

var commandName = lazy.Regexp(`^[a-zA-Z0-9]+(?:\.[a-zA-Z0-9]+)+\?`)

// command shapes a command of a batch. Its method and the names of its values are kept.
func (s *Shaper) command(cmd string) string {
	method, query, _ := strings.Cut(cmd, "?")
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		if !queryName().MatchString(name) {
			name = s.Text(name)
		}
		pairs = append(pairs, name+"="+s.Text(value))
	}
	return method + "?" + strings.Join(pairs, "&")
}

var queryName = lazy.Regexp(`^[A-Za-z0-9_.:!<>=%*\[\]-]{1,120}$`)

// Text returns the replacement of a string: kind:length#number.
func (s *Shaper) Text(text string) string {
	if text == "" {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	n, ok := s.seen[text]
	if !ok {
		n = len(s.seen) + 1
		s.seen[text] = n
	}
	return fmt.Sprintf("%s:%d#%d", kindOf(text), utf8.RuneCountInString(text), n)
}

// vocabulary are values of the portal itself, which reveal nothing about anybody.
var vocabulary = strings.Fields(
	`Y N asc desc ASC DESC user bot extranet collaber guest email default imconnector rest_system
	im_guest file folder image TASKS_TASK EMAIL CONTACT employee pending in_progress completed id ID`)

// kindOf names the kind of a string.
func kindOf(text string) string {
	switch {
	case slices.Contains(vocabulary, text):
		return text
	case isDate(text):
		return "date"
	case all(text, unicode.IsDigit):
		return "digits"
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"), strings.HasPrefix(text, "/"):
		return "address"
	case strings.Contains(text, "@") && !strings.ContainsAny(text, " \n"):
		return "mail"
	case len(text) > 200 && all(text, isBase64):
		return "base64"
	case strings.Contains(text, "[") && strings.Contains(text, "]"):
		return "markup"
	case strings.Contains(text, "\n"):
		return "lines"
	case all(text, func(r rune) bool {
		return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.-{}", r))
	}):
		return "word"
	}
	return "text"
}

func all(text string, is func(rune) bool) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !is(r) }) < 0
}

func isBase64(r rune) bool {
	return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '+' || r == '/' || r == '=')
}

func isDate(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}
