package testkit

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

// recordedAnswer contains the parts of a recorded response that are replayed, as written by bitrix.
type recordedAnswer struct {
	Status int // 0 = no response
	Echoed bool
	Kind   string
	Body   json.RawMessage
}

// Recording returns the recorded responses of a folder written by --record, for a Script, in the order of the requests.
// A recorded string is only a kind, a length and a number; it is replaced by a string that fits them. A request for
// another method than the recorded one fails t.
func Recording(t T, dir string) ([]http.HandlerFunc, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.request.json"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no requests in %s", dir)
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var answers []http.HandlerFunc
	for _, file := range files {
		var call struct{ Method string }
		var a recordedAnswer
		if err := readJSON(file, &call); err != nil {
			return nil, err
		}
		if err := readJSON(strings.TrimSuffix(file, ".request.json")+".answer.json", &a); err != nil {
			return nil, err
		}
		answers = append(answers, replay(t, call.Method, a))
	}
	return answers, nil
}

func readJSON(name string, v any) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// replay returns a handler that sends a recorded response.
func replay(t T, method string, a recordedAnswer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/"+method) && method != "download" && method != "upload" {
			t.Errorf("%s was asked, the recording has %s", r.URL.Path, method)
		}
		if a.Status == 0 {
			Drop(w, r)
		}
		if a.Echoed {
			w.Header().Set("Idempotency-Key", r.Header.Get("Idempotency-Key"))
		}
		w.Header().Set("Content-Type", a.Kind)
		Answer(a.Status, filled(string(a.Body), "http://"+r.Host))(w, r)
	}
}

var placeholder = regexp.MustCompile(`"([^":]+):(\d+)#(\d+)"`)

// filled replaces the description of each string by a string of that kind, length and number. An address points to the
// portal at home.
func filled(body, home string) string {
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
			return strconv.Quote(home + "/" + strconv.Itoa(n))
		case "mail":
			return strconv.Quote(fmt.Sprintf("a%d@customer.example", n))
		case "text", "word", "markup", "lines", "base64":
			return strconv.Quote(strings.Repeat("x", size))
		}
		return strconv.Quote(m[1])
	})
}

// power returns the smallest number with digits+1 digits, or 0 if digits is 0.
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
