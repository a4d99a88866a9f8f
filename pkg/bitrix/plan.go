package bitrix

import (
	"context"
	"sync"
)

// Plan collects commands for a batch, and a callback for each answer.
type Plan struct {
	by    Batcher
	cmds  []Command
	takes []func(Answer)
}

// Batcher runs commands in as few requests as possible.
type Batcher interface {
	Batch(ctx context.Context, cmds []Command) ([]Answer, error)
}

// NewPlan returns an empty plan whose commands are run by b.
func NewPlan(b Batcher) *Plan { return &Plan{by: b} }

// Len returns the number of commands.
func (p *Plan) Len() int { return len(p.cmds) }

// Add adds a command. Run calls take with its answer.
func (p *Plan) Add(cmd Command, take func(Answer)) {
	p.cmds, p.takes = append(p.cmds, cmd), append(p.takes, take)
}

// Run runs the commands, if any, and calls their callbacks. After an error of the whole batch it calls none.
func (p *Plan) Run(ctx context.Context) error {
	if len(p.cmds) == 0 {
		return nil
	}
	answers, err := p.by.Batch(ctx, p.cmds)
	return p.deliver(answers, err)
}

// deliver calls the callbacks unless the whole batch has failed.
func (p *Plan) deliver(answers []Answer, err error) error {
	if err != nil {
		return err
	}
	for i, take := range p.takes {
		take(answers[i])
	}
	return nil
}

// Start begins to run the commands, if any, and returns at once. The returned function waits for the answers and calls
// the callbacks like Run. It must be called.
func (p *Plan) Start(ctx context.Context) (wait func() error) {
	if len(p.cmds) == 0 {
		return func() error { return nil }
	}
	var (
		answers  []Answer
		err      error
		panicked any
		running  sync.WaitGroup
	)
	running.Go(func() {
		defer func() { panicked = recover() }()
		answers, err = p.by.Batch(ctx, p.cmds)
	})
	return func() error {
		if running.Wait(); panicked != nil {
			panic(panicked) // where the caller can catch it
		}
		return p.deliver(answers, err)
	}
}

// Requests returns the number of requests for this many commands, if only their number limits a request.
func Requests(commands int) int { return (commands + MaxCommands - 1) / MaxCommands }
