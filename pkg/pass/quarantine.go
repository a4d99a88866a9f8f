package pass

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// unbelieved is a message the rules send into the quarantine.
type unbelieved struct{ note string }

func (u *unbelieved) Error() string { return u.note }

// failed counts a message that could not be processed; one that fails too often goes into the quarantine, and a task
// says so. A message that has vanished from its mailbox is nobody's any more.
func (p *Pass) failed(ctx context.Context, b Box, e desk.Entry, cause error) error {
	p.Log.Warn("message", "mailbox", b.Name, "uid", e.UID, "message", e.ID, "err", cause)
	var rule *unbelieved
	if errors.As(cause, &rule) {
		return p.putAway(e, cause, desk.Decision{Key: quarantineKey(e)})
	}
	if fault.Of(cause) == fault.Never {
		return nil
	}
	tries, err := p.quarantine.Attempted(p.Now(), e.Place, cause.Error())
	if err != nil {
		return err
	}
	if tries < p.QuarantineAfter {
		p.tally.Wait(1)
		return nil
	}
	return p.giveUp(b, e, cause)
}

// giveUp puts a message into the quarantine and tells of it by a task.
func (p *Pass) giveUp(b Box, e desk.Entry, cause error) error {
	tell, err := p.notice(b, e, cause)
	if err != nil {
		p.tally.Problem("templates", err)
		tell = desk.Decision{Key: quarantineKey(e)}
	}
	return p.putAway(e, cause, tell)
}

// putAway puts a message into the quarantine, whole where it is at hand.
func (p *Pass) putAway(e desk.Entry, cause error, tell desk.Decision) error {
	var raw []byte
	if kept, _ := p.Outbox.Bodies.Get(e.Place); kept != nil {
		var err error
		if raw, err = kept.Bytes(); err != nil {
			return fmt.Errorf("keep message: %w", err)
		}
	}
	_, err := p.quarantine.Keep(p.Now(), e, cause.Error(), raw, tell)
	if err != nil { // it may be what its header says that can't be kept
		p.tally.Problem("quarantine", err)
		_, err = p.quarantine.Keep(p.Now(), desk.Entry{Listing: e.Listing}, cause.Error(), raw, desk.Decision{Key: tell.Key})
	}
	if err != nil {
		return err
	}
	p.diary.Forget(e.Place)
	p.tally.Count(func(c *outbox.Counts) { c.Quarantine++ })
	return nil
}

// quarantineKey is the key of a message in the quarantine. Its first part is kept as states have it.
func quarantineKey(e desk.Entry) string {
	return desk.DeriveKey("poison", e.Mailbox, fmt.Sprint(e.UIDValidity), fmt.Sprint(e.UID), e.Stamp)
}

// notice is the decision that tells people of a message that can't be processed: a task with the message attached.
func (p *Pass) notice(b Box, e desk.Entry, cause error) (_ desk.Decision, err error) {
	defer outbox.Caught("write of message", &err)
	key := quarantineKey(e)
	fields := p.kit.Rules.FieldsFor(&desk.Message{Listing: e.Listing, From: e.From, Subject: e.Subject}, p.Now())
	at := e.Place
	post := &desk.Post{Form: desk.FormTrouble, Fields: &fields, From: e.From, Message: &at, At: e.Received}
	if kept, _ := p.Outbox.Bodies.Get(e.Place); kept != nil {
		post.Files = []desk.File{{Name: "message.eml", Type: "message/rfc822", Size: kept.Size(), Part: desk.WholeMessage}}
	}
	effect := desk.Effect{Kind: desk.OpenTask, Key: desk.DeriveKey("open", key), Post: post}
	d := desk.Decision{Verdict: desk.Quarantine, Key: key, Effects: []desk.Effect{effect}, Ticket: &desk.Ticket{
		Key: effect.Key, Mailbox: b.Name, Requester: e.From, Subject: e.Subject, Opened: p.Now(), Status: desk.Open, Silent: true}}
	m := desk.Message{Listing: e.Listing, From: e.From, Subject: e.Subject}
	return d, outbox.Describe(p.kit.Texts, b.Zone, &m, &d.Effects[0], cause.Error())
}
