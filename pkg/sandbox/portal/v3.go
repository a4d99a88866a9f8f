package portal

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"
)

// v3Error is an error response of REST v3, where error is an object.
type v3Error struct {
	status     int
	code       string // without the prefix BITRIX_REST_V3_EXCEPTION_
	message    string
	validation []object
}

func (e *v3Error) Error() string { return e.code + ": " + e.message }

func (e *v3Error) answer() answer {
	body := object{"code": "BITRIX_REST_V3_EXCEPTION_" + e.code, "message": e.message}
	if e.validation != nil {
		body["validation"] = e.validation
	}
	return answer{status: e.status, code: e.code, body: object{"error": body}}
}

func v3Refuse(code, message string) error {
	return &v3Error{status: http.StatusBadRequest, code: code, message: message}
}

// v3Invalid refuses a request with missing or invalid fields.
func v3Invalid(fields ...string) error {
	e := &v3Error{
		status:  http.StatusBadRequest,
		code:    "VALIDATION_REQUESTVALIDATIONEXCEPTION",
		message: "Request validation error",
	}
	for _, f := range fields {
		e.validation = append(e.validation, object{
			"field":   f,
			"message": "Field `" + f + "` is required or has a wrong value",
		})
	}
	return e
}

func v3Denied() error {
	return &v3Error{status: http.StatusForbidden, code: "ACCESSDENIEDEXCEPTION", message: "Access denied"}
}

// v3Method is a method of REST v3.
type v3Method struct {
	writes bool // changes data: Idempotency-Key applies
	run    func(w *world, x *execution) (any, error)
}

func v3Methods() map[string]v3Method {
	return map[string]v3Method{
		"tasks.task.add":               {true, v3TaskAdd},
		"tasks.task.get":               {false, v3TaskGet},
		"tasks.task.list":              {false, v3TaskList},
		"tasks.task.chat.message.send": {true, v3MessageSend},
		"tasks.task.file.attach":       {true, v3FileAttach},
	}
}

// serveV3 handles one request of REST v3.
func (p *Portal) serveV3(w http.ResponseWriter, r *http.Request, user, code, name string) {
	raw, _ := readBody(r, new(bytes.Buffer))
	params, jsonErr := v3Params(r, raw)
	c := p.note(&Call{Method: name, V3: true, Params: params, Key: r.Header.Get("Idempotency-Key")})
	if e := p.gate(r, user, code); e != nil {
		a := e.answer()
		if !p.subscribed() && e.code == "ACCESS_DENIED" {
			unpaid := &v3Error{
				status:  http.StatusPaymentRequired,
				code:    "MARKETSUBSCRIPTIONREQUIREDEXCEPTION",
				message: e.text,
			}
			a = unpaid.answer()
		}
		p.close(c, a.status, a.code)
		a.write(w)
		return
	}
	p.perform(w, r, c, func() answer {
		m, ok := v3Methods()[name]
		if !ok || p.o.NoV3 {
			e := &apiError{status: http.StatusNotFound, code: "ERROR_METHOD_NOT_FOUND", text: "Method not found!"}
			return e.answer()
		}
		if !m.writes || p.o.NoIdempotency || c.Key == "" {
			return p.v3Run(name, m, params, jsonErr, baseOf(r))
		}
		return p.once(c, raw, func() answer { return p.v3Run(name, m, params, jsonErr, baseOf(r)) })
	})
}

// v3Params parses the body. QUIRK: v3 ignores the query string and accepts only JSON.
func v3Params(r *http.Request, raw []byte) (*Params, error) {
	if len(raw) == 0 {
		return &Params{}, nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	params, err := parseJSON(raw)
	if err != nil || !strings.Contains(kind, "json") {
		return &Params{}, v3Refuse("INVALIDJSONEXCEPTION", "Invalid JSON")
	}
	return params, nil
}

func (p *Portal) v3Run(name string, m v3Method, params *Params, jsonErr error, base string) answer {
	start := p.o.Now()
	result, err := p.v3Execute(name, m, params, jsonErr, base)
	if e, ok := errors.AsType[*v3Error](err); ok {
		return e.answer()
	}
	if err != nil {
		return asAPIError(err).answer()
	}
	return answer{status: http.StatusOK, body: object{"result": result, "time": p.timing("v3:"+name, start)}}
}

func (p *Portal) v3Execute(name string, m v3Method, params *Params, jsonErr error, base string) (any, error) {
	if jsonErr != nil {
		return nil, jsonErr
	}
	if !p.may([]string{"tasks"}) {
		return nil, &v3Error{
			status:  http.StatusForbidden,
			code:    "INSUFFICIENTSCOPEEXCEPTION",
			message: "Insufficient scope",
		}
	}
	if err := p.limits.exhausted("v3:" + name); err != nil {
		return nil, err
	}
	begun := time.Now()
	if p.o.Latency != nil {
		time.Sleep(p.o.Latency(name))
	}
	result, err := p.v3Locked(m, &execution{params: params, base: base, methods: p.methods})
	p.limits.spend("v3:"+name, time.Since(begun))
	return result, err
}

func (p *Portal) v3Locked(m v3Method, x *execution) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world.settle()
	// QUIRK: with the old card only reading is allowed (tasks, V2 IsEnabledFilter).
	if m.writes && !p.o.NewCard {
		return nil, v3Denied()
	}
	return m.run(p.world, x)
}
