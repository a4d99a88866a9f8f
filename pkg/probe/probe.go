// Package probe creates a task, comments and files in a portal, reads them back, removes them, and reports what the
// portal kept. It writes nothing anywhere else.
//
// Everything it creates has a mark in its title or name. If a run dies, the next one finds the remains by the mark.
package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// Portal contains the methods of a portal's client that the probe uses.
type Portal interface {
	Call(ctx context.Context, method string, params bitrix.Params, result any) error
	CallV3(ctx context.Context, method string, params bitrix.Params, result any) error
	CallKeyed(ctx context.Context, method string, params bitrix.Params, key string) (json.RawMessage, bool, error)
	Fetcher
}

// Subject is the portal to examine, and the values for the objects created there.
type Subject struct {
	Portal Portal
	Self   int64             // the user id in the webhook's address
	Mark   string            // part of each task title and file name; must be unique and unknown to others
	Tags   []string          // of the task; they should already exist on the portal
	Fields map[string]string // custom fields that the portal requires in a task

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Verdict is the answer to a question.
type Verdict string

// The verdicts.
const (
	Kept    Verdict = "kept"
	Dropped Verdict = "dropped"
	Unknown Verdict = "unknown" // it could not be tried
)

// Finding is the result for one question.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"` // what was observed: a code, a number, a word of ours
	Means   string  `json:"means"` // what follows for helpdesk; the caller fills it in
	Text    string  `json:"-"`     // key of the text for Means
}

// Call is one request of the probe, without anybody's text.
type Call struct {
	Method string          `json:"method"`
	REST   int             `json:"rest"`
	Millis int64           `json:"ms"`
	Status int             `json:"status"` // HTTP status; 0 = no response
	Code   string          `json:"code"`   // error code
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Report contains all results.
type Report struct {
	Findings []Finding  `json:"findings"`
	Dates    []Movement `json:"dates"`
	Calls    []Call     `json:"calls"`
	Before   int        `json:"before"` // tasks and files of an earlier run that were removed first
	Left     []string   `json:"left"`   // what could not be removed: kind and id
}

// cleaning bounds the removal of the created objects after ctx has ended.
const cleaning = time.Minute

// shown is the size in bytes up to which the shape of a response is reported.
const shown = 8 << 10

// Run removes the remains of an earlier run, asks the questions, and removes what it created, even if ctx ends. It
// returns no findings if that first removal fails.
func Run(ctx context.Context, s Subject) (*Report, error) {
	r := &run{asker: &asker{Subject: s}, answers: map[string]Finding{}}
	before, left, err := r.sweep(ctx)
	if err != nil {
		return &Report{
			Calls:  r.calls,
			Before: before,
			Left:   left,
		}, fmt.Errorf("look for what an earlier run left: %w", err)
	}
	r.ask(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	if _, left, err = r.sweep(last); err != nil {
		err = fmt.Errorf("remove what was made: %w", err)
	}
	all := &Report{Findings: r.findings(), Dates: r.dates, Calls: r.calls, Before: before, Left: left}
	return all, errors.Join(ctx.Err(), err)
}

// run asks the questions.
type run struct {
	*asker
	dates   []Movement
	answers map[string]Finding

	task int64
	chat int64 // of the task; 0 = none, the old card
}

// asker calls the portal, and finds and removes what has our mark.
type asker struct {
	Subject
	calls []Call
	shape bitrix.Shaper

	me     int64
	folder int64 // for uploads; 0 = none
}

// call runs one method by REST v2 and decodes its result.
func (r *asker) call(ctx context.Context, method string, params bitrix.Params, result any) error {
	began := r.Now()
	var raw json.RawMessage
	err := r.Portal.Call(ctx, method, params, &raw)
	r.note(method, 2, began, raw, err)
	return decoded(method, raw, result, err)
}

// callV3 is call by REST v3.
func (r *asker) callV3(ctx context.Context, method string, params bitrix.Params, result any) error {
	began := r.Now()
	var raw json.RawMessage
	err := r.Portal.CallV3(ctx, method, params, &raw)
	r.note(method, 3, began, raw, err)
	return decoded(method, raw, result, err)
}

func decoded(method string, raw json.RawMessage, result any, err error) error {
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return fmt.Errorf("read answer of %s: %w", method, err)
	}
	return nil
}

func (r *asker) note(method string, rest int, began time.Time, raw json.RawMessage, err error) {
	c := Call{Method: method, REST: rest, Millis: r.Now().Sub(began).Milliseconds()}
	var refusal *bitrix.Error
	switch {
	case errors.As(err, &refusal):
		c.Status, c.Code = refusal.Status, codeOf(err)
	case err == nil:
		if c.Status = 200; len(raw) <= shown {
			c.Answer = r.shape.JSON(raw)
		}
	}
	r.calls = append(r.calls, c)
}
