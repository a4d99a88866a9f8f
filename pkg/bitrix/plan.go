package bitrix

import "context"

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
	if err != nil {
		return err
	}
	for i, take := range p.takes {
		take(answers[i])
	}
	return nil
}

// Requests returns the number of requests for this many commands, if only their number limits a request.
func Requests(commands int) int { return (commands + MaxCommands - 1) / MaxCommands }
