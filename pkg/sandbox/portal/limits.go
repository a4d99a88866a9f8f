package portal

import (
	"net"
	"net/http"
	"time"
)

// bucket is the leaky bucket of one client.
type bucket struct {
	level float64
	at    time.Time
}

func errQueryLimit() *apiError {
	return &apiError{status: http.StatusServiceUnavailable, code: "QUERY_LIMIT_EXCEEDED", text: "Too many requests"}
}

func errOperationLimit(reset time.Time) *apiError {
	return &apiError{status: http.StatusTooManyRequests, code: "OPERATION_TIME_LIMIT", text: "Method is blocked due to operation time limit.", reset: reset}
}

// admit counts a request of the client against its bucket and says whether there was room. All programs of one address
// share a bucket.
func (p *Portal) admit(r *http.Request) bool {
	if p.o.NoLimit {
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	b := p.bucket[host]
	if b == nil {
		b = &bucket{at: now}
		p.bucket[host] = b
	}
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*p.o.PerSecond)
	b.at = now
	if b.level+1 > float64(p.o.Burst) {
		return false
	}
	b.level++
	return true
}

// operating returns the seconds a method has used in ten baskets of a minute, and when the oldest of them leaves.
func (p *Portal) operating(method string, now time.Time) (used float64, reset time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	minute := now.Unix() / 60
	oldest := minute
	for m, s := range p.spent[method] {
		if m <= minute-10 {
			delete(p.spent[method], m)
			continue
		}
		used += s
		oldest = min(oldest, m)
	}
	return used, time.Unix((oldest+10)*60, 0)
}

func (p *Portal) spend(method string, took time.Duration) {
	if p.o.Operating != nil {
		took = p.o.Operating(method)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent[method] == nil {
		p.spent[method] = map[int64]float64{}
	}
	p.spent[method][p.o.Now().Unix()/60] += took.Seconds()
}

// exhausted says whether the method has used up its time; it is asked before a call.
func (p *Portal) exhausted(method string) error {
	used, reset := p.operating(method, p.o.Now())
	if used > p.o.OperatingLimit.Seconds() {
		return errOperationLimit(reset)
	}
	return nil
}
