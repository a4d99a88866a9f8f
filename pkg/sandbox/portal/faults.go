package portal

import (
	"net/http"
	"sync"
	"time"
)

// FaultKind is a way in which a call goes wrong.
type FaultKind int

// The kinds of faults. Those of the second group hit a command of a batch alone; the first group ends the whole
// request, also when it is raised for a command.
const (
	NoFault    FaultKind = iota
	Drop                 // the connection ends without an answer
	BadGateway           // 502 and a page of HTML
	Redirect             // 302 to another host
	Stall                // no answer for the time For (0 = until the client gives up), then the ordinary one

	ServerError    // 500 INTERNAL_SERVER_ERROR
	QueryLimit     // 503 QUERY_LIMIT_EXCEEDED, never executed
	OperationLimit // 429 OPERATION_TIME_LIMIT until ResetAt, never executed
	Overload       // 503 OVERLOAD_LIMIT, never executed
	ErrorAnswer    // the error Code and Text with Status; 0 = 400
)

// Fault is what shall go wrong with a call.
type Fault struct {
	Kind  FaultKind
	After bool          // the call is executed first
	For   time.Duration // of Stall
	// of Stall in the place of For: when it is closed the call is executed, be there still somebody to answer or not
	Until   chan struct{}
	ResetAt time.Time // of OperationLimit
	Code    string    // of ErrorAnswer
	Text    string
	Status  int    // of ErrorAnswer: also 200
	Host    string // of Redirect; "" = moved.example
}

func (f Fault) transport() bool { return f.Kind >= Drop && f.Kind <= Stall }

// runs reports whether the call is executed all the same.
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

// failure is the fault as the error of a method, or nil if there is none.
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
	Method   string // lower case, as the portal understands it
	Batch    bool   // a command of a batch
	Command  string // its key there
	V3       bool
	Key      string // Idempotency-Key
	Params   *Params
	Status   int    // of the answer; 0 = none was given
	Error    string // code of the error
	Replayed bool   // answered from memory by its Idempotency-Key
	At       time.Time
}

// record is what was asked of the portal, and what goes wrong with what is asked.
type record struct {
	now func() time.Time

	mu     sync.Mutex // guards what follows
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

// Inject asks f before every request and every command of a batch what shall go wrong with it; nil = nothing.
func (r *record) Inject(f func(c *Call) Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inject = f
}

// Hits returns how many HTTP requests came, whatever became of them.
func (r *record) Hits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits
}

// Calls returns what was called, commands of batches after their batch.
func (r *record) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	cs := make([]Call, len(r.calls))
	for i, c := range r.calls {
		cs[i] = *c
	}
	return cs
}

// ResetCounts forgets hits and calls.
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

// turn lets those who say what goes wrong be asked one at a time, so that they may count without a lock of their own: a
// connection that ends without an answer orders nothing between it and the next.
type turn struct{ mu sync.Mutex }

func (t *turn) take(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// faultOf asks outside the lock, so that the one asked may change the portal.
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

// perform runs the call and delivers its answer, or what a fault makes of it.
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

// stall waits and reports whether there is still somebody to answer.
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
