package outbox

import "helpdesk/pkg/desk"

// apart returns effects that send the letter to each person in copy whom the relay did not accept with the others. Each
// gets the letter alone, so a refused one does not delay the others.
func apart(d desk.Pending, absent []desk.Address) (all []desk.Effect) {
	for _, a := range absent {
		if a.Addr == "" { // the person was erased
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

// lateCopy writes the remarks about a letter that goes to one person in copy alone.
type lateCopy struct{ *letters }

// lost returns a remark that one person in copy does not get the letter, and why.
func (l lateCopy) lost(d desk.Pending, cause error) []desk.Effect {
	return l.tell("copy-lost", d, desk.CopyLost(d.Effect.Letter.Only, cause.Error()))
}

func (l lateCopy) waits(d desk.Pending) []desk.Effect {
	return l.tell("delayed", d, desk.Note{Key: desk.NoteCopyDelayed, Detail: d.Effect.Letter.Only.Key()})
}

// went returns a remark that the letter was sent, if an earlier remark said that it was delayed.
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
