package portal

import (
	"net/http"
	"sync"
	"time"
)

// FaultKind is a way in which a call fails.
type FaultKind int

// The kinds of faults. Those of the first group end the whole request, even if raised for a command of a batch. Those
// of the second group affect only the command.
const (
	NoFault    FaultKind = iota
	Drop                 // the connection ends without a response
	BadGateway           // 502 with an HTML page
	Redirect             // 302 to another host
	Stall                // no response for the time For (0 = until the client gives up), then the ordinary one

	ServerError    // 500 INTERNAL_SERVER_ERROR
	QueryLimit     // 503 QUERY_LIMIT_EXCEEDED, never executed
	OperationLimit // 429 OPERATION_TIME_LIMIT until ResetAt, never executed
	Overload       // 503 OVERLOAD_LIMIT, never executed
	ErrorAnswer    // the error Code and Text with Status; 0 = 400
)

// Fault describes the failure of a call.
type Fault struct {
	Kind  FaultKind
	After bool          // the call is executed before the failure
	For   time.Duration // for Stall
	// for Stall, instead of For: closing it executes the call, even if the client has gone
	Until   chan struct{}
	ResetAt time.Time // for OperationLimit
	Code    string    // for ErrorAnswer
	Text    string
	Status  int    // for ErrorAnswer; may be 200
	Host    string // for Redirect; "" = moved.example
}

func (f Fault) transport() bool { return f.Kind >= Drop && f.Kind <= Stall }

// runs reports whether the call is executed despite the fault.
func (f Fault) runs() bool {
	switch f.Kind {
	case NoFault:
		return true
	case QueryLimit, OperationLimit, Overload:
		return false
	case Stall:
		return f.After || f.For > 0 || f.Until != nil
	}
	return f.After
}

// failure returns the fault as an error of a method, or nil if it is not one.
func (f Fault) failure() *apiError {
	switch f.Kind {
	case ServerError:
		return &apiError{http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Internal server error", time.Time{}}
	case QueryLimit:
		return errQueryLimit()
	case OperationLimit:
		return errOperationLimit(f.ResetAt)
	case Overload:
		return &apiError{http.StatusServiceUnavailable, "OVERLOAD_LIMIT", "REST API is blocked due to overload.",
			time.Time{}}
	case ErrorAnswer:
		if f.Status == 0 {
			f.Status = http.StatusBadRequest
		}
		return &apiError{f.Status, f.Code, f.Text, time.Time{}}
	}
	return nil
}

// Call is one request, or one command of a batch.
type Call struct {
	Method   string // in lower case, as the portal reads it
	Batch    bool   // a command of a batch
	Command  string // its key in the batch
	V3       bool
	Key      string // Idempotency-Key
	Params   *Params
	Status   int    // HTTP status; 0 = no response
	Error    string // error code
	Replayed bool   // the response was stored under the Idempotency-Key
	At       time.Time
}

// record contains the calls received, and the function that injects faults.
type record struct {
	now func() time.Time

	mu     sync.Mutex // guards the following fields
	hits   int
	calls  []*Call
	inject func(*Call) Fault
	asking turn
}

func (r *record) hit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hits++
}

// Inject calls f before every request and every command of a batch to get its fault; nil = no faults.
func (r *record) Inject(f func(c *Call) Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inject = f
}

// Hits returns the number of HTTP requests, including failed ones.
func (r *record) Hits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits
}

// Calls returns the calls received. The commands of a batch follow the batch.
func (r *record) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	cs := make([]Call, len(r.calls))
	for i, c := range r.calls {
		cs[i] = *c
	}
	return cs
}

// ResetCounts resets Hits and Calls.
func (r *record) ResetCounts() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hits, r.calls = 0, nil
}

func (r *record) note(c *Call) *Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.At = r.now()
	r.calls = append(r.calls, c)
	return c
}

func (r *record) close(c *Call, status int, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Status, c.Error = status, code
}

// turn calls an injected function one call at a time, so that it can count without its own lock. Requests may overlap:
// a handler can still run after its connection has ended.
type turn struct{ mu sync.Mutex }

func (t *turn) take(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// faultOf calls the function outside of the lock, so that it may change the portal.
func (r *record) faultOf(c *Call) (fault Fault) {
	r.mu.Lock()
	f := r.inject
	r.mu.Unlock()
	if f == nil {
		return Fault{}
	}
	r.asking.take(func() { fault = f(c) })
	return fault
}

// perform runs the call and sends its response, as changed by a fault.
func (p *Portal) perform(w http.ResponseWriter, r *http.Request, c *Call, run func() answer) {
	f := p.faultOf(c)
	if f.Until != nil {
		<-f.Until
	}
	var a answer
	if f.runs() {
		a = run()
		if a.fault != nil {
			f = *a.fault
		}
	}
	if e := f.failure(); e != nil {
		a = e.answer()
	}
	switch f.Kind {
	case Drop:
		panic(http.ErrAbortHandler)
	case BadGateway:
		p.close(c, http.StatusBadGateway, "")
		writePage(w, http.StatusBadGateway)
		return
	case Redirect:
		p.redirect(w, r, c, f)
		return
	case Stall:
		if f.Until == nil && !stall(r, f.For) {
			panic(http.ErrAbortHandler)
		}
	}
	p.close(c, a.status, a.code)
	a.write(w)
}

func (p *Portal) redirect(w http.ResponseWriter, r *http.Request, c *Call, f Fault) {
	host := f.Host
	if host == "" {
		host = "moved.example"
	}
	p.close(c, http.StatusFound, "")
	w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
	writePage(w, http.StatusFound)
}

// stall waits and reports whether the client is still connected.
func stall(r *http.Request, d time.Duration) bool {
	if d == 0 {
		<-r.Context().Done()
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
