package bitrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
)

// MaxCommands is the greatest number of calls in a batch (settings/how-to-call-rest-api/batch).
const MaxCommands = 50

const (
	maxBatch = 24 << 20 // size of an encoded batch, in bytes
)

// Command is one call within a batch.
type Command struct {
	Method string
	Params Params
}

// Do returns the command that calls the method.
func Do(method string, params Params) Command { return Command{Method: method, Params: params} }

// Answer is the outcome of a command.
type Answer struct {
	Result json.RawMessage
	Err    error // wraps a fault.Error; nil = it succeeded
}

// Batch runs the commands in as few requests as possible and returns their answers in the same order. A command that
// batch would corrupt is sent by itself, after the others. The error is the first one that concerns more than one
// command; each answer has its own error as well.
func (c *Client) Batch(ctx context.Context, cmds []Command) ([]Answer, error) {
	answers := make([]Answer, len(cmds))
	var together, alone []int
	for i, cmd := range cmds {
		if cmd.Params.Refers() {
			alone = append(alone, i)
		} else {
			together = append(together, i)
		}
	}
	var stop error
	for len(together) > 0 && stop == nil {
		if stop = c.MayStart(ctx, cmds[together[0]].Method); stop != nil {
			break
		}
		part := c.fit(ctx, cmds, together)
		stop = c.batch(ctx, cmds, part, answers, true)
		if c.shrink(cmds, part, stop) {
			stop = nil
			continue // it did not run: send the same commands in smaller requests
		}
		if stop = c.isolate(ctx, cmds, part, answers, stop); fault.ExtentOf(stop) == fault.One {
			stop = nil
		}
		together = together[len(part):]
	}
	for len(alone) > 0 && stop == nil {
		i := alone[0]
		if stop = c.MayStart(ctx, cmds[i].Method); stop != nil {
			break
		}
		answers[i].Err = c.barred(ctx, c.Call(ctx, cmds[i].Method, cmds[i].Params, &answers[i].Result))
		if fault.ExtentOf(answers[i].Err) != fault.One {
			stop = answers[i].Err
		}
		alone = alone[1:]
	}
	for _, i := range append(together, alone...) {
		answers[i].Err = &fault.Error{Outcome: fault.Refused, Extent: fault.ExtentOf(stop), After: fault.After(stop),
			Err: fmt.Errorf("%s not sent: %w", cmds[i].Method, fault.Bare(stop))}
	}
	return answers, stop
}

// fit returns the commands for the next request, at least one. It limits their number, their size, and the time budget
// of their methods on the portal. By the times measured before, the request should end within half of its timeout and
// before ctx does.
func (c *Client) fit(ctx context.Context, cmds []Command, next []int) []int {
	most := c.timeout.Seconds() / 2
	for _, i := range next[:min(len(next), MaxCommands)] {
		if !c.measured(cmds[i].Method) {
			most = c.timeout.Seconds() * 0.9 // an estimate already includes a margin
		}
	}
	if end, ok := ctx.Deadline(); ok {
		most = min(most, end.Sub(c.now()).Seconds())
	}
	total, size, each := 0.0, 0, map[string]float64{}
	largest := c.largest()
	for n, i := range next {
		method := cmds[i].Method
		takes := c.Took(method)
		total += takes
		each[method] += c.cost(method)
		size += cmds[i].Params.size()
		if n == MaxCommands || n > 0 && (total > most || size > largest || each[method] > c.room(method)) {
			return next[:n]
		}
	}
	return next
}

// largest returns the greatest size of a batch, in bytes.
func (c *Client) largest() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.body == 0 {
		c.body = maxBatch
		c.Recall(savedBatch, &c.body)
	}
	return c.body
}

// shrink records that the server refuses requests of this size, and reports whether the commands fit into smaller ones.
//
// QUIRK: the web server of a self-hosted portal limits requests, often to 8 MB or 1 MB, and answers 413 with an HTML
// page (a setting of nginx and PHP, not of the portal).
func (c *Client) shrink(cmds []Command, part []int, err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusRequestEntityTooLarge || len(part) < 2 {
		return false
	}
	size := 0
	for _, i := range part {
		size += cmds[i].Params.size()
	}
	c.mu.Lock()
	c.body = size / 2
	c.mu.Unlock()
	c.Remember(savedBatch, size/2)
	return true
}

// batch runs some of the commands in one request. again allows up to two repetitions if all of them only read.
func (c *Client) batch(ctx context.Context, cmds []Command, part []int, answers []Answer, again bool) error {
	for _, i := range part {
		answers[i] = Answer{}
	}
	env, err := c.send(ctx, sending{
		root:   c.root,
		method: "batch",
		body:   batchBody(cmds, part),
	}, again && allRead(cmds, part))
	if err != nil {
		for _, i := range part {
			answers[i].Err = err
		}
		return err
	}
	var r batchResult
	if err := Into(env.Result, &r); err != nil {
		err = fault.Away(fault.Unsure, fmt.Errorf("read answer of batch: %w", err))
		for _, i := range part {
			answers[i].Err = err
		}
		return err
	}
	c.distribute(&r, cmds, part, answers)
	return nil
}

// batchBody encodes a batch: its texts now, into one buffer, and its files while they are sent.
func batchBody(cmds []Command, part []int) (body payload) {
	size := len(`{"halt":0,"cmd":{}}`)
	for _, i := range part {
		texts, _ := cmds[i].Params.sizes()
		size += len(cmds[i].Method) + texts + len(`"c00":"?",`)
	}
	add := func(before, content []byte) (rest []byte) {
		body.add(before, content)
		return before[len(before):]
	}
	b := append(make([]byte, 0, size), `{"halt":0,"cmd":{`...)
	for n, i := range part {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), key(n)...), `":"`...)
		b = append(append(b, cmds[i].Method...), '?')
		b = append(cmds[i].Params.appendQuery(b, add), '"')
	}
	body.add(append(b, `}}`...), nil)
	return body
}

// batchResult contains maps with the keys of the commands.
type batchResult struct {
	Result object `json:"result"`
	Error  object `json:"result_error"`
	Time   object `json:"result_time"`
}

// key begins with a letter, so that PHP never treats the keys as list indexes.
func key(n int) string { return "c" + strconv.Itoa(n) }

// distribute assigns each command its part of the response.
func (c *Client) distribute(r *batchResult, cmds []Command, part []int, answers []Answer) {
	sums, counts := map[string]float64{}, map[string]int{}
	for n, i := range part {
		method := cmds[i].Method
		var s stamp
		if raw, ok := r.Time[key(n)]; ok && json.Unmarshal(raw, &s) == nil {
			c.keepUsed(method, s)
			sums[method] += s.Duration
			counts[method]++
		}
		if e := readError(r.Error[key(n)], ""); e != nil {
			e.Method = method
			answers[i].Err = c.judge(e)
		} else if raw, ok := r.Result[key(n)]; ok {
			answers[i].Result = raw
		} else if !reads(method) {
			// QUIRK: a command that did not run, after a halt or a cut, is in neither map
			// (settings/how-to-call-rest-api/batch).
			missing := fmt.Errorf("%s: the response of the batch does not mention it", method)
			answers[i].Err = fault.New(fault.Unsure, missing)
		}
	}
	c.learn(sums, counts)
}
