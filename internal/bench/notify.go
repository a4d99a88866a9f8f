package main

import (
	"fmt"
	"time"

	sandbox "helpdesk/pkg/sandbox/portal"
)

const changedTasks = 40

// specialist is the portal user who writes comments.
const specialist = 7

// notify compares a pass over few open tickets with one over many. The number of changed tickets is the same.
func notify(b *measuring) (*table, error) {
	few, many := 2*b.letters/5, 10*b.letters
	small, err := b.tickets(few)
	if err != nil {
		return nil, err
	}
	defer small.i.remove()
	big, err := b.tickets(many)
	if err != nil {
		return nil, err
	}
	defer big.i.remove()
	for range b.rounds + 1 { // the first round advances the cursor to now
		for _, o := range []*opened{small, big} {
			if err := o.round(b, min(changedTasks, few)); err != nil {
				return nil, err
			}
		}
	}
	t := results(fmt.Sprintf("Cost grows with the work: notify, %d tasks commented", min(changedTasks, few)))
	t.compare(fmt.Sprintf("notify, %d open tickets", many), big.notify[1:], fmt.Sprintf("%d open tickets", few),
		small.notify[1:], 1.3)
	t.note("Calls of the portal: %d, beside %d; its own time: %s, beside %s.", middle(big.hits[1:]),
		middle(small.hits[1:]),
		seconds(middle(big.own[1:])), seconds(middle(small.own[1:])))
	return t, nil
}

// opened is an installation with open tickets, and their portal.
type opened struct {
	i      *installation
	portal *sandbox.Portal
	tasks  []int64
	turn   int
	notify sample
	hits   []int
	own    []time.Duration
}

// tickets opens tickets by sending letters.
func (b *measuring) tickets(count int) (*opened, error) {
	folder, _, err := b.w.imap.master(fmt.Sprintf("tickets%d", count), b.seed, mix{count: count, plain: true})
	if err != nil {
		return nil, err
	}
	user, err := b.fresh(folder)
	if err != nil {
		return nil, err
	}
	o := &opened{portal: b.w.portal.renew(0)}
	if o.i, err = b.p.install(b.w, user, b.w.imap.Addr, b.w.smtp.Addr()); err != nil {
		return nil, err
	}
	if _, err := o.i.run("poll"); err != nil {
		return nil, err
	}
	for _, task := range o.portal.Tasks() {
		o.tasks = append(o.tasks, task.ID)
	}
	if len(o.tasks) != count {
		return nil, fmt.Errorf("%d letters made %d tasks", count, len(o.tasks))
	}
	return o, nil
}

// round adds a specialist's comment to some tasks, different ones each time, and runs notify.
func (o *opened) round(b *measuring, changed int) error {
	b.w.portal.use(o.portal)
	b.w.portal.advance(10 * time.Minute) // so that older comments are not read again
	for range changed {
		o.portal.Say(o.tasks[o.turn%len(o.tasks)], specialist, fmt.Sprintf("Comment %d", o.turn))
		o.turn++
	}
	b.w.portal.advance(time.Minute) // a newer comment would be read twice
	b.w.portal.reading()
	letters := len(b.w.smtp.Letters())
	f, err := o.i.run("notify")
	if err != nil {
		return err
	}
	if sent := len(b.w.smtp.Letters()) - letters; sent != changed {
		return fmt.Errorf("%d comments made %d letters", changed, sent)
	}
	hits, own := b.w.portal.reading()
	o.notify.add(f)
	o.hits, o.own = append(o.hits, hits), append(o.own, own)
	return nil
}
