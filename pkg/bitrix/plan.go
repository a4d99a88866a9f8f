package bitrix

import "context"

// Plan is a batch in the making, and who takes its answers.
type Plan struct {
	by    Batcher
	cmds  []Command
	takes []func(Answer)
}

// Batcher runs commands, in as few requests as they fit into.
type Batcher interface {
	Batch(ctx context.Context, cmds []Command) ([]Answer, error)
}

// NewPlan returns an empty plan whose commands run by b.
func NewPlan(b Batcher) *Plan { return &Plan{by: b} }

// Len returns how many commands the plan has.
func (p *Plan) Len() int { return len(p.cmds) }

// Add puts a command into the plan, and take with its answer.
func (p *Plan) Add(cmd Command, take func(Answer)) {
	p.cmds, p.takes = append(p.cmds, cmd), append(p.takes, take)
}

// Run makes the calls, none where there are no commands, and hands out the answers. After an error of the whole nobody
// gets theirs.
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

// Requests returns how many requests that many commands take, as long as nothing but their number parts them.
func Requests(commands int) int { return (commands + MaxCommands - 1) / MaxCommands }
