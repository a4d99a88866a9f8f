package portal

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"
)

type object = map[string]any

// apiError is an error response of REST v2.
type apiError struct {
	status int
	code   string
	text   string
	reset  time.Time // the end of the limit
}

func (e *apiError) Error() string { return e.code + ": " + e.text }

func (e *apiError) body() object {
	b := object{"error": e.code, "error_description": e.text}
	if !e.reset.IsZero() {
		b["time"] = object{"operating_reset_at": e.reset.Unix()}
	}
	return b
}

func (e *apiError) answer() answer { return answer{status: e.status, code: e.code, body: e.body()} }

// refuse returns an ordinary error of a method, with status 400.
func refuse(code, format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: code, text: fmt.Sprintf(format, args...)}
}

func forbid(code, text string) error {
	return &apiError{status: http.StatusForbidden, code: code, text: text}
}

func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{status: http.StatusInternalServerError, code: "INTERNAL_SERVER_ERROR", text: err.Error()}
}

// answer is the response to a request.
type answer struct {
	status int
	code   string // error code, for the record
	header map[string]string
	body   any
	raw    []byte // sent instead of body
	fault  *Fault // injected for a command of a batch; ends the request
}

func (a answer) bytes() []byte {
	if a.raw != nil {
		return a.raw
	}
	raw, err := appendJSON(nil, a.body)
	if err != nil {
		panic(err) // everything in a response is our own data
	}
	return raw
}

func (a answer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.bytes())
}

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html><head><title>%d %s</title></head><body>nginx</body></html>\n", status,
		http.StatusText(status))
}

// timing returns the time of a response, in the portal's zone.
func (p *Portal) timing(method string, start time.Time) object {
	now := p.o.Now()
	t := object{
		"start": seconds(start), "finish": seconds(now), "duration": now.Sub(start).Seconds(),
		"processing": now.Sub(start).Seconds(),
		"date_start": stamp(start), "date_finish": stamp(now),
	}
	if method != "batch" {
		used, reset := p.limits.operating(method, now)
		t["operating"], t["operating_reset_at"] = used, reset.Unix()
	}
	return t
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func stamp(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04:05-07:00") }

// stampOrNil returns null for a date that was never set.
func stampOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// readTime parses a date like the portal: without an offset it is in the portal's zone.
func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02",
		"02.01.2006 15:04:05", "02.01.2006"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
