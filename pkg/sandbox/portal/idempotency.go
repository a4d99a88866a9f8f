package portal

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"time"
)

// keepAnswers is the time for which a response is replayed for its Idempotency-Key.
const keepAnswers = 24 * time.Hour

// stored is a successful response and the body of its request.
type stored struct {
	body [sha256.Size]byte
	raw  []byte
	at   time.Time
}

// once runs a call at most once for its key. The same body again gets the stored response, another body is refused, and
// a failure is not stored.
func (p *Portal) once(c *Call, body []byte, run func() answer) answer {
	if !validKey(c.Key) {
		e := &v3Error{
			status:  http.StatusBadRequest,
			code:    "INVALIDIDEMPOTENCYKEYEXCEPTION",
			message: "Invalid Idempotency-Key",
		}
		return e.answer()
	}
	p.mu.Lock()
	name := strings.Join([]string{p.code, id(p.o.UserID), c.Method, c.Key}, "\x00")
	old, ok := p.answers[name]
	if ok && p.o.Now().Sub(old.at) > keepAnswers {
		ok = false
	}
	p.mu.Unlock()
	sum := sha256.Sum256(body)
	if ok && old.body != sum {
		e := &v3Error{
			status:  http.StatusUnprocessableEntity,
			code:    "IDEMPOTENCYKEYREUSEDEXCEPTION",
			message: "The key was used with another request",
		}
		return e.answer()
	}
	if ok {
		p.mu.Lock()
		c.Replayed = true
		p.mu.Unlock()
		return answer{
			status: http.StatusOK,
			raw:    old.raw,
			header: map[string]string{"Idempotency-Key": c.Key, "Idempotent-Replayed": "true"},
		}
	}
	a := run()
	if a.status == http.StatusOK {
		a.raw = a.bytes()
		a.header = map[string]string{"Idempotency-Key": c.Key}
		p.mu.Lock()
		p.answers[name] = stored{body: sum, raw: a.raw, at: p.o.Now()}
		p.mu.Unlock()
	}
	return a
}

// validKey reports whether the key is 1 to 255 printable ASCII characters.
func validKey(key string) bool {
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return false
		}
	}
	return len(key) >= 1 && len(key) <= 255
}
