package pass

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// mostTold is the number of messages per day that are reported to people individually. Messages beyond that are only in
// the quarantine.
const mostTold = 20

// unbelieved is the error of a message that a rule puts into the quarantine.
type unbelieved struct{ note string }

func (u *unbelieved) Error() string { return u.note }

// failed counts a failure to process a message. After too many failures the message goes into the quarantine, and a
// task reports that. A message that has disappeared from its mailbox is ignored.
func (p *Pass) failed(ctx context.Context, b Box, e desk.Entry, cause error) error {
	p.Log.Info("message", "mailbox", e.Mailbox, "uid", e.UID, "message", e.ID, "err", cause)
	var rule *unbelieved
	if errors.As(cause, &rule) {
		return p.putAway(ctx, b, e, cause)
	}
	if fault.Of(cause) == fault.Never {
		return nil
	}
	tries, err := p.quarantine.Attempted(p.Now(), known(e), cause.Error())
	if err != nil {
		return err
	}
	if tries < p.QuarantineAfter {
		p.tally.Wait(1)
		return nil
	}
	return p.putAway(ctx, b, e, cause)
}

// known returns the entry under which attempts are counted. It drops a derived Message-ID, because that is available
// only after the message has been read.
func known(e desk.Entry) desk.Entry {
	if eml.IsDerived(e.ID) {
		e.ID = ""
	}
	return e
}

// putAway puts a message into the quarantine and informs people.
func (p *Pass) putAway(ctx context.Context, b Box, e desk.Entry, cause error) error {
	k := desk.Keeping{Key: quarantineKey(e), Cause: cause.Error(), Stays: b.Moves}
	kept, _ := p.Outbox.Bodies.Get(e.Place)
	if kept != nil {
		var err error
		if k.Hash, err = kept.Hash(); err == nil && kept.Size() <= desk.KeptMost {
			k.Raw, err = kept.Bytes()
		}
		if err != nil {
			return fmt.Errorf("keep message: %w", err)
		}
		if e.ID == "" { // the message could not be parsed
			e = p.headed(ctx, e)
		}
	}
	tell := func(told desk.Told) desk.Decision { return p.notice(b, e, k, told, cause) }
	_, err := p.quarantine.Keep(p.Now(), known(e), k, tell)
	if err != nil { // the data of the header may be what cannot be stored
		p.tally.Problem("quarantine", err)
		_, err = p.quarantine.Keep(p.Now(), desk.Entry{Listing: e.Listing}, k, nil)
	}
	if err != nil {
		return err
	}
	p.diary.Forget(e.Listing)
	p.tally.Count(func(c *outbox.Counts) { c.Quarantine++ })
	return nil
}

// headed fills in the data of the header of a message that was fetched, if the header can be read.
func (p *Pass) headed(ctx context.Context, e desk.Entry) desk.Entry {
	kept, _ := p.Outbox.Bodies.Get(e.Place)
	m, err := within(ctx, p, e.Listing, "read header", func(context.Context) (desk.Message, error) {
		return eml.ReadHeader(kept.Open(), e.Listing), nil
	})
	if err == nil {
		e.ID, e.From, e.Subject = m.ID, m.From, m.Subject
	}
	return e
}

// quarantineKey returns the key of a message in the quarantine. The word poison stays because existing states contain
// such keys.
func quarantineKey(e desk.Entry) string {
	return desk.DeriveKey("poison", e.Mailbox, fmt.Sprint(e.UIDValidity), fmt.Sprint(e.UID), e.Stamp)
}

// notice returns the decision that informs people of a message in the quarantine. The first message of a day makes a
// task. Further messages that could not be processed become comments on it, with the message attached. A message that a
// rule has rejected comes from a stranger: for such a message nothing more than its existence is reported.
func (p *Pass) notice(b Box, e desk.Entry, k desk.Keeping, told desk.Told, cause error) desk.Decision {
	var rule *unbelieved
	stranger := errors.As(cause, &rule)
	if told.Ticket != nil && (stranger || told.Count >= mostTold) {
		return desk.Decision{}
	}
	d, err := p.written(b, e, k, told, stranger)
	if err != nil {
		p.tally.Problem("templates", err)
		return desk.Decision{}
	}
	return d
}

// written writes the task or comment for notice.
func (p *Pass) written(b Box, e desk.Entry, k desk.Keeping, told desk.Told,
	stranger bool) (d desk.Decision, err error) {
	defer outbox.Caught("write of message", &err)
	at := e.Place
	post := &desk.Post{Form: desk.FormTrouble, From: e.From, Message: &at, Hash: k.Hash, At: e.Received}
	if kept, _ := p.Outbox.Bodies.Get(e.Place); kept != nil && !stranger {
		post.Files = []desk.File{{
			Name: "message.eml",
			Type: "message/rfc822",
			Size: kept.Size(),
			Part: desk.WholeMessage,
		}}
	}
	m := desk.Message{Listing: e.Listing, From: e.From, Subject: e.Subject}
	d = desk.Decision{Verdict: desk.Quarantine, Key: k.Key, Ticket: told.Ticket}
	effect := desk.Effect{Kind: desk.CommentTask, Key: desk.DeriveKey("comment", k.Key), Post: post}
	if told.Ticket == nil {
		fields := p.kit.Rules.FieldsFor(&m, p.Now())
		post.Fields = &fields
		effect.Kind, effect.Key = desk.OpenTask, desk.DeriveKey("open", k.Key)
		d.Ticket = &desk.Ticket{Key: effect.Key, Mailbox: b.Name, Requester: e.From, Subject: e.Subject,
			Opened: p.Now(),
			Status: desk.Open, Silent: true}
	} else {
		effect.Ticket, post.Marker = told.Ticket.Number, p.Signer.Marker(effect.Key)
		if told.Count == mostTold-1 {
			post.Notes = append(post.Notes, desk.Note{Key: desk.NoteQuarantine})
		}
	}
	d.Effects = []desk.Effect{effect}
	return d, outbox.Describe(p.kit.Texts(b.Name, ""), b.Zone, &m, &d.Effects[0], k.Cause)
}
