package outbox

import "helpdesk/pkg/desk"

// apart returns what brings a letter to those in copy whom the relay did not take with the others: the same letter to
// each of them alone. One who is refused again or for now keeps nobody waiting.
func apart(d desk.Pending, absent []desk.Address) (all []desk.Effect) {
	for _, a := range absent {
		if a.Addr == "" { // of somebody who was erased
			continue
		}
		all = append(all, desk.Effect{
			Kind:   desk.SendLetter,
			Key:    desk.DeriveKey("copy", d.Effect.Key, a.Key()),
			Ticket: d.Effect.Ticket,
			Task:   d.Effect.Task,
			Aside:  true,
			Letter: d.Effect.Letter.Apart(d.Effect.Key, a),
		})
	}
	return all
}

// lateCopy is a letter that goes to one of those in copy alone, and what its task is told of it.
type lateCopy struct{ *letters }

// lost has the task say that one in copy does not get the letter, and why.
func (l lateCopy) lost(d desk.Pending, cause error) []desk.Effect {
	return l.tell("copy-lost", d, desk.CopyLost(d.Effect.Letter.Only, cause.Error()))
}

func (l lateCopy) waits(d desk.Pending) []desk.Effect {
	return l.tell("delayed", d, desk.Note{Key: desk.NoteCopyDelayed, Detail: d.Effect.Letter.Only.Key()})
}

// went has the task say that a letter it was told of is out.
func (l lateCopy) went(d desk.Pending) []desk.Effect {
	if !d.Told {
		return nil
	}
	return l.tell("went", d, desk.Note{Key: desk.NoteCopySent, Detail: d.Effect.Letter.Only.Key()})
}

func (l lateCopy) tell(what string, d desk.Pending, n desk.Note) []desk.Effect {
	t := desk.Ticket{Number: d.Effect.Ticket, Task: d.Effect.Task}
	return l.remark(desk.DeriveKey(what, d.Effect.Key), t, n)
}
