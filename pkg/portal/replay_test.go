package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// replay answers what a folder of a recording says, and fails the test when something else is asked.
type replay struct {
	t     *testing.T
	files []string // of requests
	next  int
}

func newReplay(t *testing.T, dir string) *replay {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.request.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no requests in ", dir, err)
	}
	slices.Sort(files)
	return &replay{t: t, files: files}
}

func readFile(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.next >= len(r.files) {
		return nil, fmt.Errorf("%s is asked beyond the end of the recording", req.URL.Path)
	}
	file := r.files[r.next]
	r.next++
	var call struct{ Method string }
	readFile(r.t, file, &call)
	if !strings.HasSuffix(req.URL.Path, "/"+call.Method) && call.Method != "download" && call.Method != "upload" {
		r.t.Errorf("%s: %s was asked", filepath.Base(file), req.URL.Path)
	}
	var answer struct {
		Status int
		Echoed bool
		Kind   string
		Body   json.RawMessage
	}
	readFile(r.t, strings.Replace(file, ".request.", ".answer.", 1), &answer)
	if answer.Status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	resp := &http.Response{StatusCode: answer.Status, Header: http.Header{"Content-Type": {answer.Kind}}, Request: req, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(filled(string(answer.Body))))}
	if answer.Echoed {
		resp.Header.Set("Idempotency-Key", req.Header.Get("Idempotency-Key"))
	}
	return resp, nil
}

var placeholder = regexp.MustCompile(`"([^":]+):(\d+)#(\d+)"`)

// filled puts strings of the kind, the length and the number where the recording has their description.
func filled(body string) string {
	return placeholder.ReplaceAllStringFunc(body, func(s string) string {
		m := placeholder.FindStringSubmatch(s)
		size, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		switch m[1] {
		case "digits":
			return strconv.Quote(strconv.Itoa(n + power(size-1)))
		case "date":
			return strconv.Quote(time.Date(2026, 8, 20, 9, 0, n, 0, time.UTC).Format(time.RFC3339))
		case "address":
			return strconv.Quote("https://portal.example/" + strconv.Itoa(n))
		case "mail":
			return strconv.Quote(fmt.Sprintf("a%d@customer.example", n))
		case "text", "word", "markup", "lines", "base64":
			return strconv.Quote(strings.Repeat("x", size))
		}
		return strconv.Quote(m[1])
	})
}

// power is the least number of so many digits and one, 0 of none.
func power(digits int) int {
	n := 1
	for range digits {
		n *= 10
	}
	if digits <= 0 {
		return 0
	}
	return n
}

// session is what a client does in a day.
func session(t *testing.T, c *Client) error {
	t.Helper()
	ctx := context.Background()
	c.Check(ctx, Want{Users: []int64{7}, CRM: true})
	if _, err := c.Prepare(ctx, []string{"ivan@customer.example"}, nil, nil); err != nil {
		return err
	}
	made := c.Make(ctx, []desk.Effect{openEffect("0123456789abcdef", "Printer of Ivan Petrov"), openEffect("123456789abcdef0", "Another")})
	var watched []desk.Watch
	for _, o := range made {
		if o.Err != nil || o.Task == 0 {
			return fmt.Errorf("task %d: %w", o.Task, o.Err)
		}
		watched = append(watched, desk.Watch{Task: o.Task})
	}
	_, err := c.Talks(ctx, watched)
	return err
}

func TestRecordingIsReplayed(t *testing.T) {
	for name, o := range map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}} {
		t.Run(name, func(t *testing.T) {
			o.Contacts = []sandbox.Contact{{ID: 5, Name: "Ivan", LastName: "Petrov", Emails: []string{"ivan@customer.example"}}}
			dir := t.TempDir()
			p, c := live(t, o, func(o *Options) { o.Record = dir })
			if err := session(t, c); err != nil {
				t.Fatal(err)
			}
			secrets := []string{p.Code(), "Petrov", "Printer", "ivan@", "Anna", "0123456789abcdef", "127.0.0.1"}
			files, _ := os.ReadDir(dir)
			for _, f := range files {
				raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range secrets {
					if strings.Contains(string(raw), s) || strings.Contains(f.Name(), s) {
						t.Errorf("%s tells %q:\n%s", f.Name(), s, raw)
					}
				}
			}
			if len(files) != 2*p.Hits() {
				t.Errorf("%d files of %d requests", len(files), p.Hits())
			}
			r := newReplay(t, dir)
			again, err := New(Options{Options: bitrix.Options{Webhook: "https://portal.example/rest/17/code/", HTTP: &http.Client{Transport: r},
				Sleep: func(context.Context, time.Duration) error { return nil }}})
			if err != nil {
				t.Fatal(err)
			}
			again.meet(17) // a recording tells no numbers of users
			if err := session(t, again); err != nil {
				t.Fatal(err)
			}
			if r.next != len(r.files) {
				t.Errorf("%d of %d requests were asked", r.next, len(r.files))
			}
		})
	}
}
