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

// Signer makes the ids by which we know our own things again, and tells them from forged ones. Its secret is made once
// and kept in the state.
type Signer struct {
	Secret []byte
}

func (s Signer) mac(purpose, text string) []byte {
	h := hmac.New(sha256.New, s.Secret)
	h.Write([]byte(purpose + "\x00" + text))
	return h.Sum(nil)
}

// DeriveKey returns 32 hex digits that stand for the parts, the same for the same parts.
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

// MessageID returns the Message-ID, without <>, of the letter made by the effect of that key.
func (s Signer) MessageID(key, domain string) string {
	return fmt.Sprintf("hd.%s.%x@%s", key, s.mac("message-id", key)[:8], domain)
}

var ownID = lazy.Regexp(`^hd\.([0-9a-f]{32})(?:([^0-9a-f])(.*))?$`)

// OwnKey returns the key in a Message-ID that looks like ours, signed or not, "" where it does not.
func OwnKey(id string) string {
	if m := ownID().FindStringSubmatch(strings.ToLower(id)); m != nil {
		return m[1]
	}
	return ""
}

// OwnID returns the key in a Message-ID of our form, and whether we made it: an id whose signature is cut short or
// missing has the form, and is not ours. A relay may put another host behind it.
func (s Signer) OwnID(id string) (key string, form, valid bool) {
	m := ownID().FindStringSubmatch(strings.ToLower(id))
	if m == nil {
		return "", false, false
	}
	signed, _, hosted := strings.Cut(m[3], "@")
	want := hex.EncodeToString(s.mac("message-id", m[1])[:8])
	return m[1], true, m[2] == "." && hosted && hmac.Equal([]byte(want), []byte(signed))
}

// Marker returns the mark that the comment made by the effect of that key carries.
func (s Signer) Marker(key string) string {
	return fmt.Sprintf("hd-%s%x", key[:8], s.mac("marker", key[:8])[:4])
}

var marker = lazy.Regexp(`\bhd-([0-9a-f]{8})([0-9a-f]{8})\b`)

// MarkerRoom is how many characters Post.Marked adds to a text.
const MarkerRoom = len("\n\n") + len("hd-") + 16

// Marked returns the text of a comment with its marker, by which the comment is found again: alone in the last line,
// where it stands in nobody's way. A text that carries it stays as it is.
func (p *Post) Marked() string {
	if p.Marker == "" || Carries(p.Text, p.Marker) {
		return p.Text
	}
	return strings.TrimLeft(p.Text+"\n\n"+p.Marker, "\n")
}

// Carries reports whether a text of the portal carries a marker: in its last line, or in its first one, where older
// versions put it. What it quotes is not asked.
func Carries(text, marker string) bool { return marker != "" && slices.Contains(marks(text), marker) }

// CarriesAny reports whether a text of the portal carries a marker, signed or not, in the places where Carries looks.
func CarriesAny(text string) bool { return len(marks(text)) > 0 }

// Carries reports whether a text of the portal carries a marker that we signed, in the places where Carries looks.
func (s Signer) Carries(text string) bool {
	return slices.ContainsFunc(marks(text), func(mark string) bool {
		m := marker().FindStringSubmatch(mark)
		return hmac.Equal([]byte(m[2]), fmt.Appendf(nil, "%x", s.mac("marker", m[1])[:4]))
	})
}

// marks returns the markers in the first and the last line of what a text says outside its quotes. A last line that is
// nothing but a marker counts also below a quote that is never closed: a letter that we post may have one.
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

// Token returns the subject token of a task, [#3711-4821]: digits only, since Latin capitals in a Russian subject cost
// points with spam filters.
func (s Signer) Token(task int64) string {
	return fmt.Sprintf("[#%d-%s]", task, s.check(task))
}

func (s Signer) check(task int64) string {
	sum := s.mac("token", fmt.Sprint(task))
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum)%10000)
}

var token = lazy.Regexp(`\[#(\d{1,15})-(\d{4})\]`)

// Tokens returns the task numbers of the tokens in a subject: those with the right check digits, and the others.
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
