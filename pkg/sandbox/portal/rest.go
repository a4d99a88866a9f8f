package portal

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 512 << 20

// serveV2 handles one request of REST v2.
func (p *Portal) serveV2(w http.ResponseWriter, r *http.Request, user, code, name string) {
	params := requestParams(r)
	c := p.note(&Call{Method: name, Params: params})
	if e := p.gate(r, user, code); e != nil {
		p.close(c, e.status, e.code)
		e.answer().write(w)
		return
	}
	start := p.o.Now()
	p.perform(w, r, c, func() answer {
		if name == "batch" {
			return p.batch(params, baseOf(r), start)
		}
		x := &execution{params: params, base: baseOf(r), methods: p.methods}
		result, err := p.execute(name, x)
		if err != nil {
			return asAPIError(err).answer()
		}
		body := object{"result": result, "time": p.timing(name, start)}
		if x.total != nil {
			body["total"] = *x.total
		}
		if x.next != nil {
			body["next"] = *x.next
		}
		return answer{status: http.StatusOK, body: body}
	})
}

// gate checks scheme, rate limit and webhook before any method.
func (p *Portal) gate(r *http.Request, user, code string) *apiError {
	switch {
	case p.o.RequireHTTPS && r.TLS == nil:
		return &apiError{status: http.StatusBadRequest, code: "INVALID_REQUEST", text: "Https required."}
	case !p.limits.admit(r):
		return errQueryLimit()
	case !p.known(user, code):
		return &apiError{status: http.StatusUnauthorized, code: "NO_AUTH_FOUND", text: "Wrong authorization data"}
	case !p.subscribed():
		return &apiError{
			status: http.StatusForbidden,
			code:   "ACCESS_DENIED",
			text:   "REST is available only by subscription.",
		}
	}
	return nil
}

// execute runs one method of v2, alone or in a batch.
func (p *Portal) execute(name string, x *execution) (any, error) {
	m, ok := p.methods[name]
	if !ok {
		return nil, &apiError{status: http.StatusNotFound, code: "ERROR_METHOD_NOT_FOUND", text: "Method not found!"}
	}
	if !p.may(m.scopes) {
		return nil, forbid("insufficient_scope",
			"The request requires higher privileges than provided by the webhook token")
	}
	if err := p.limits.exhausted(name); err != nil {
		return nil, err
	}
	begun := time.Now()
	if p.o.Latency != nil {
		time.Sleep(p.o.Latency(name))
	}
	result, err := p.locked(m, x)
	p.limits.spend(name, time.Since(begun))
	return result, err
}

func (p *Portal) locked(m method, x *execution) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world.settle()
	return m.run(p.world, x)
}

// requestParams returns the parameters from the query string and then the body.
func requestParams(r *http.Request) *Params {
	params := parseQuery(r.URL.RawQuery)
	kind := mediaType(r)
	if kind == "multipart/form-data" {
		if r.ParseMultipartForm(maxBody) == nil {
			for k, vs := range r.MultipartForm.Value {
				setPath(params, k, vs[len(vs)-1])
			}
		}
		return params
	}
	buffer := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buffer)
	raw, err := readBody(r, buffer)
	if err != nil || len(raw) == 0 {
		return params
	}
	body := &Params{} // copies of what is in the buffer
	if strings.Contains(kind, "json") {
		// QUIRK: invalid JSON counts as no parameters, so the method reports missing ones (rest,
		// CRestUtil::getRequestData).
		if p, err := parseJSON(raw); err == nil {
			body = p
		}
	} else if kind == "application/x-www-form-urlencoded" {
		body = parseQuery(string(raw))
	}
	for _, k := range body.keys {
		params.set(k, body.vals[k])
	}
	return params
}

func mediaType(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind
}

// bodies are buffers for bodies of requests, which take megabytes.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads the body of a request up to the limit into b. With a known length it allocates once at most.
func readBody(r *http.Request, b *bytes.Buffer) ([]byte, error) {
	b.Reset()
	if r.ContentLength > 0 {
		b.Grow(int(min(r.ContentLength, maxBody)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(io.LimitReader(r.Body, maxBody))
	return b.Bytes(), err
}
