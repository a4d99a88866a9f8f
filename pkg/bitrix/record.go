package bitrix

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

// recorder forwards requests and writes each request and response to a file. It omits the webhook and replaces strings
// by a Shaper, so that the folder can be shown to others.
type recorder struct {
	dir   string
	next  http.RoundTripper
	now   func() time.Time
	log   *slog.Logger
	begun string
	shape Shaper

	mu     sync.Mutex
	last   int
	warned bool // a failed write was already logged
}

// newRecorder creates the folder if it is missing.
func newRecorder(dir string, next http.RoundTripper, now func() time.Time, log *slog.Logger) (*recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &recorder{dir: dir, next: next, now: now, log: log, begun: now().UTC().Format("20060102T150405.000")}, nil
}

// recordedCall is the content of a request file.
type recordedCall struct {
	Method string          `json:"method"`
	REST   int             `json:"rest"` // 2 or 3; 0 = an upload or a download
	Key    bool            `json:"key"`  // whether there is an Idempotency-Key
	Bytes  int64           `json:"bytes"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// recordedAnswer is the content of a response file.
type recordedAnswer struct {
	Status   int             `json:"status"` // 0 = no response
	Echoed   bool            `json:"echoed"`
	Replayed bool            `json:"replayed"`
	Kind     string          `json:"kind"`
	Millis   int64           `json:"ms"`
	Bytes    int             `json:"bytes"`
	Body     json.RawMessage `json:"body,omitempty"`
}

// RoundTrip implements http.RoundTripper. The request continues even if a file cannot be written.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	call, err := r.call(req)
	if err != nil {
		return nil, err
	}
	n := r.number()
	r.write(n, call.Method, "request", call)
	began := r.now()
	resp, err := r.next.RoundTrip(req)
	a := recordedAnswer{Millis: r.now().Sub(began).Milliseconds()}
	if err != nil {
		r.write(n, call.Method, "answer", a)
		return nil, err
	}
	a.Status, a.Echoed = resp.StatusCode, resp.Header.Get("Idempotency-Key") != ""
	a.Replayed = resp.Header.Get("Idempotent-Replayed") != ""
	a.Kind, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if call.Method != "download" {
		raw, rerr := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
		resp.Body = rest(raw, rerr, resp.Body)
		a.Bytes, a.Body = len(raw), r.shape.JSON(raw)
	}
	r.write(n, call.Method, "answer", a)
	return resp, nil
}

// rest returns a body that begins with raw, which was already read from it with the result err.
func rest(raw []byte, err error, body io.ReadCloser) io.ReadCloser {
	read := io.Reader(bytes.NewReader(raw))
	if err != nil {
		read = io.MultiReader(read, brokenOff{err})
	} else {
		read = io.MultiReader(read, body)
	}
	return struct {
		io.Reader
		io.Closer
	}{read, body}
}

type brokenOff struct{ err error }

func (b brokenOff) Read([]byte) (int, error) { return 0, b.err }

func (r *recorder) call(req *http.Request) (recordedCall, error) {
	c := recordedCall{Method: methodOf(req), Key: req.Header.Get("Idempotency-Key") != "", Bytes: req.ContentLength}
	switch {
	case c.Method == "upload" || c.Method == "download":
		return c, nil
	case strings.Contains(req.URL.Path, "/rest/api/"):
		c.REST = 3
	default:
		c.REST = 2
	}
	if req.Body == nil {
		return c, nil
	}
	raw, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return c, err
	}
	req.Body = io.NopCloser(bytes.NewReader(raw))
	c.Body = r.shape.JSON(raw)
	return c, nil
}

// methodOf returns the method of a request, without the webhook.
func methodOf(req *http.Request) string {
	name := req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]
	switch {
	case req.Method == http.MethodGet:
		return "download"
	case name == "upload.json" || !strings.Contains(req.Header.Get("Content-Type"), "json"):
		return "upload"
	}
	return name
}

func (r *recorder) number() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	return r.last
}

// write writes one file. Its name contains the start time of the program, the number of the request, and the method.
func (r *recorder) write(n int, method, part string, v any) {
	raw, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		name := fmt.Sprintf("%s-%04d-%s.%s.json", r.begun, n, method, part)
		err = os.WriteFile(filepath.Join(r.dir, name), append(raw, '\n'), 0o600)
	}
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.warned {
		r.log.Warn("record what the portal is asked", "err", err)
	}
	r.warned = true
}
