package desk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"helpdesk/pkg/lazy"
)

// Signer makes the ids by which we recognise our own letters, comments and tasks, and tells them from forged ones. Its
// secret is generated once and kept in the state.
type Signer struct {
	Secret []byte
}

func (s Signer) mac(purpose, text string) []byte {
	h := hmac.New(sha256.New, s.Secret)
	h.Write([]byte(purpose + "\x00" + text))
	return h.Sum(nil)
}

// DeriveKey returns 32 hex digits derived from the parts. Equal parts yield equal keys.
func DeriveKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MessageID returns the Message-ID, without <>, of the letter that the effect with that key makes.
func (s Signer) MessageID(key, domain string) string {
	return fmt.Sprintf("hd.%s.%x@%s", key, s.mac("message-id", key)[:8], domain)
}

var ownID = lazy.Regexp(`^hd\.([0-9a-f]{32})(?:([^0-9a-f])(.*))?$`)

// OwnKey returns the key in a Message-ID that has the form of ours, whether its signature is valid or not, or "".
func OwnKey(id string) string {
	if m := ownID().FindStringSubmatch(strings.ToLower(id)); m != nil {
		return m[1]
	}
	return ""
}

// OwnID returns the key in a Message-ID. form reports whether the id has the form of ours, and valid whether we made
// it: an id with a cut or missing signature has the form but is not valid. The host is not checked, since a relay may
// replace it.
func (s Signer) OwnID(id string) (key string, form, valid bool) {
	m := ownID().FindStringSubmatch(strings.ToLower(id))
	if m == nil {
		return "", false, false
	}
	signed, _, hosted := strings.Cut(m[3], "@")
	want := hex.EncodeToString(s.mac("message-id", m[1])[:8])
	return m[1], true, m[2] == "." && hosted && hmac.Equal([]byte(want), []byte(signed))
}

// Marker returns the marker in the text of the comment that the effect with that key makes.
func (s Signer) Marker(key string) string {
	return fmt.Sprintf("hd-%s%x", key[:8], s.mac("marker", key[:8])[:4])
}

var marker = lazy.Regexp(`\bhd-([0-9a-f]{8})([0-9a-f]{8})\b`)

// MarkerRoom is the number of characters that Post.Marked adds to a text.
const MarkerRoom = len("\n\n") + len("hd-") + 16

// Marked returns the text of a comment with its marker, by which the comment is found again. The marker gets the last
// line to itself, where it disturbs nobody. A text that already contains its marker is returned unchanged.
func (p *Post) Marked() string {
	if p.Marker == "" || Carries(p.Text, p.Marker) {
		return p.Text
	}
	return strings.TrimLeft(p.Text+"\n\n"+p.Marker, "\n")
}

// Carries reports whether a text of the portal carries the marker in its last line, or in its first, where older
// versions put it. Quotes are ignored.
func Carries(text, marker string) bool { return marker != "" && slices.Contains(marks(text), marker) }

// CarriesAny reports whether a text of the portal carries any marker, signed or not, where Carries looks.
func CarriesAny(text string) bool { return len(marks(text)) > 0 }

// Carries reports whether a text of the portal carries a marker that we signed, where the function Carries looks.
func (s Signer) Carries(text string) bool {
	return slices.ContainsFunc(marks(text), func(mark string) bool {
		m := marker().FindStringSubmatch(mark)
		return hmac.Equal([]byte(m[2]), fmt.Appendf(nil, "%x", s.mac("marker", m[1])[:4]))
	})
}

// marks returns the markers in the first and the last line of a text outside its quotes. A last line that consists of a
// marker also counts inside a quote that is never closed, since a letter that we post may contain such a quote.
func marks(text string) []string {
	if !strings.Contains(text, "hd-") {
		return nil
	}
	own := strings.Split(strings.TrimSpace(unquoted(text)), "\n")
	found := append(marker().FindAllString(own[0], -1), marker().FindAllString(own[len(own)-1], -1)...)
	text = strings.TrimSpace(text)
	if last := strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:]); last != "" &&
		marker().FindString(last) == last {
		found = append(found, last)
	}
	return found
}

// Token returns the subject token of a task: [#3711-4821]. It consists of digits, because spam filters penalise Latin
// capitals in a Russian subject.
func (s Signer) Token(task int64) string {
	return fmt.Sprintf("[#%d-%s]", task, s.check(task))
}

func (s Signer) check(task int64) string {
	sum := s.mac("token", fmt.Sprint(task))
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum)%10000)
}

var token = lazy.Regexp(`\[#(\d{1,15})-(\d{4})\]`)

// Tokens returns the task numbers of the tokens in a subject: those with right check digits, and those with wrong ones.
func (s Signer) Tokens(subject string) (right, wrong []int64) {
	for _, m := range token().FindAllStringSubmatch(subject, -1) {
		var task int64
		fmt.Sscan(m[1], &task)
		if m[2] == s.check(task) {
			right = append(right, task)
		} else {
			wrong = append(wrong, task)
		}
	}
	return right, wrong
}

// CutTokens returns the subject without its tokens.
func CutTokens(subject string) string {
	return strings.Join(strings.Fields(token().ReplaceAllString(subject, " ")), " ")
}
