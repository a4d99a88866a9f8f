package portal

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// bucket is the leaky bucket of one client.
type bucket struct {
	level float64
	at    time.Time
}

// limits tracks the requests of each client and the time of each method.
type limits struct {
	o *PortalOptions // of the portal

	mu     sync.Mutex // guards the following fields
	bucket map[string]*bucket
	spent  map[string]map[int64]float64 // seconds by method and minute
}

func newLimits(o *PortalOptions) *limits {
	return &limits{o: o, bucket: map[string]*bucket{}, spent: map[string]map[int64]float64{}}
}

func errQueryLimit() *apiError {
	return &apiError{status: http.StatusServiceUnavailable, code: "QUERY_LIMIT_EXCEEDED", text: "Too many requests"}
}

func errOperationLimit(reset time.Time) *apiError {
	return &apiError{
		status: http.StatusTooManyRequests,
		code:   "OPERATION_TIME_LIMIT",
		text:   "Method is blocked due to operation time limit.",
		reset:  reset,
	}
}

// admit adds a request of the client to its bucket and reports whether there was room. All programs of one address
// share a bucket.
func (l *limits) admit(r *http.Request) bool {
	if l.o.NoLimit {
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.o.Now()
	b := l.bucket[host]
	if b == nil {
		b = &bucket{at: now}
		l.bucket[host] = b
	}
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*l.o.PerSecond)
	b.at = now
	if b.level+1 > float64(l.o.Burst) {
		return false
	}
	b.level++
	return true
}

// operating returns the seconds that a method used in ten intervals of a minute, and when the oldest interval expires.
func (l *limits) operating(method string, now time.Time) (used float64, reset time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	minute := now.Unix() / 60
	oldest := minute
	for m, s := range l.spent[method] {
		if m <= minute-10 {
			delete(l.spent[method], m)
			continue
		}
		used += s
		oldest = min(oldest, m)
	}
	return used, time.Unix((oldest+10)*60, 0)
}

func (l *limits) spend(method string, took time.Duration) {
	if l.o.Operating != nil {
		took = l.o.Operating(method)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spent[method] == nil {
		l.spent[method] = map[int64]float64{}
	}
	l.spent[method][l.o.Now().Unix()/60] += took.Seconds()
}

// exhausted returns an error if the method has used up its time. It is called before each call.
func (l *limits) exhausted(method string) error {
	used, reset := l.operating(method, l.o.Now())
	if used > l.o.OperatingLimit.Seconds() {
		return errOperationLimit(reset)
	}
	return nil
}
