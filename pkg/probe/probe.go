// Package probe makes a task, comments and files in a portal, reads all of it back, removes it, and tells what the
// portal keeps of what a mail channel makes there.
//
// What it makes carries a mark in its title or name, by which the next run finds what a run that died has left. It
// writes nothing but on the portal.
package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// Portal is what the probe asks of a client of the portal.
type Portal interface {
	Call(ctx context.Context, method string, params bitrix.Params, result any) error
	CallV3(ctx context.Context, method string, params bitrix.Params, result any) error
	CallKeyed(ctx context.Context, method string, params bitrix.Params, key string) (json.RawMessage, bool, error)
	Fetcher
}

// Subject is the portal, and what is made there.
type Subject struct {
	Portal Portal
	Self   int64             // the user in the webhook's address
	Mark   string            // stands in the title of every task and the name of every file; nobody else may know it
	Tags   []string          // of the task; none of them should be new to the portal
	Fields map[string]string // custom fields without which the portal makes no task

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Verdict says what became of something.
type Verdict string

// The verdicts.
const (
	Kept    Verdict = "kept"
	Dropped Verdict = "dropped"
	Unknown Verdict = "unknown" // it could not be tried
)

// Finding is what the portal does with one thing.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"` // what was seen: a code, a number, a word of ours
	Means   string  `json:"means"` // for what helpdesk does
}

// Call is one request of the probe, without anybody's words.
type Call struct {
	Method string          `json:"method"`
	REST   int             `json:"rest"`
	Millis int64           `json:"ms"`
	Status int             `json:"status"` // of HTTP, 200 where it went well, 0 where nothing came
	Code   string          `json:"code"`   // of the error
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Report is all that was found.
type Report struct {
	Findings []Finding  `json:"findings"`
	Dates    []Movement `json:"dates"`
	Calls    []Call     `json:"calls"`
	Before   int        `json:"before"` // tasks and files of an earlier run that were removed first
	Left     []string   `json:"left"`   // what could not be removed: the kind and the number
}

// cleaning is how long the probe may take to remove what it made after its own time has ended.
const cleaning = time.Minute

// shown is how long an answer may be of which the shape is told, in bytes.
const shown = 8 << 10

// Run removes what an earlier run left, asks the questions, and removes what it made, also when ctx ends meanwhile. An
// error is one that kept it from asking anything.
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

// run is a probe under way: its questions.
type run struct {
	*asker
	dates   []Movement
	answers map[string]Finding

	task int64
	chat int64 // of the task, 0 = none: the old card
}

// asker asks the portal, finds what carries our mark, and removes it.
type asker struct {
	Subject
	calls []Call
	shape bitrix.Shaper

	me     int64
	folder int64 // for uploads, 0 = none
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
