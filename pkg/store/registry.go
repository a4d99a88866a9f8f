package store

import (
	"reflect"
	"time"

	"helpdesk/pkg/desk"
)

// holds is the kind of personal data that a field may contain.
type holds int

const (
	// nothing: ids and marks of our own, names of mailboxes, of specialists, of people who run commands
	nothing holds = iota + 1
	address       // one or several addresses
	name          // a name, belonging to the address beside it or in the key
	words         // text that somebody wrote or that describes it: subjects, file names, notes
	ids           // Message-IDs
)

// fieldsOf specifies for each text field of each stored type which personal data it may contain. A test compares the
// table with the types.
var fieldsOf = map[reflect.Type]map[string]holds{
	reflect.TypeFor[desk.Address](): {"Name": name, "Addr": address},
	reflect.TypeFor[desk.Place]():   {"Mailbox": nothing},
	reflect.TypeFor[desk.Ticket](): {"Key": nothing, "Mailbox": nothing, "Participants": address, "Copied": address,
		"Subject": words, "Subjects": words, "Normal": words, "Undeliver": words, "AnsweredBy": nothing,
		"Locale": nothing, "LastID": ids,
		"LastText": words, "Sent": words, "Signatures": words, "References": ids, "Mark": nothing},
	reflect.TypeFor[desk.Link](): {},
	reflect.TypeFor[desk.Record](): {"Key": nothing, "ID": ids, "Subject": words, "Class": nothing, "Rules": nothing,
		"Unanswered": nothing, "Senders": address},
	reflect.TypeFor[desk.Step](): {"What": nothing, "Key": nothing, "ID": ids, "To": address, "Cc": address,
		"Note":  words,
		"Files": words},
	reflect.TypeFor[entry](): {
		"Key":     nothing,
		"Cause":   nothing,
		"Mailbox": nothing,
		"To":      address,
		"Note":    words,
	},
	reflect.TypeFor[desk.Effect](): {"Key": nothing, "Cause": nothing},
	reflect.TypeFor[desk.Post](): {"Title": words, "Subject": words, "Text": words, "Marker": nothing,
		"Mailbox": nothing, "Route": nothing, "Of": nothing, "Hash": nothing, "Missing": words},
	reflect.TypeFor[desk.Fields](): {"Tags": nothing, "Priority": nothing, "CRM": nothing, "Title": nothing,
		"Custom": nothing},
	reflect.TypeFor[desk.File](): {"Name": words, "Type": nothing, "URL": nothing, "Hash": nothing},
	reflect.TypeFor[desk.Note](): {"Detail": words},
	reflect.TypeFor[desk.Draft](): {
		"As":         nothing,
		"Mailbox":    nothing,
		"Subject":    words,
		"InReplyTo":  ids,
		"References": ids,
	},
	reflect.TypeFor[desk.Comment]():     {"Name": nothing, "Position": nothing, "Text": words},
	reflect.TypeFor[desk.Unconfirmed](): {},
	reflect.TypeFor[desk.Quarantined](): {"Stamp": nothing, "ID": ids, "Hash": nothing, "From": words,
		"Subject": words, "Cause": words},
	reflect.TypeFor[desk.Copy]():    {"Mailbox": nothing, "ID": ids, "To": address},
	reflect.TypeFor[desk.Profile](): {"Name": name, "CRM": nothing, "Source": nothing},
	reflect.TypeFor[desk.Accepted](): {"ID": nothing, "What": nothing, "Mailbox": nothing, "File": words, "By": nothing,
		"Note": words, "Effect": nothing},
	reflect.TypeFor[desk.Exclusion](): {"Match": address, "Note": words, "By": nothing},
	reflect.TypeFor[desk.Reading]():   {},
	reflect.TypeFor[desk.Unread]():    {},
	reflect.TypeFor[seen]():           {"Key": nothing, "Stamp": nothing},
	reflect.TypeFor[attempt]():        {"Stamp": nothing, "ID": ids, "Note": words},
	reflect.TypeFor[profile]():        {"Locale": nothing},
	reflect.TypeFor[reply]():          {"Subject": words},
	reflect.TypeFor[hourly]():         {},
	reflect.TypeFor[arrived]():        {},
	reflect.TypeFor[returned]():       {"Key": nothing},
	reflect.TypeFor[picture]():        {},
	reflect.TypeFor[position]():       {"Bucket": nothing, "Key": words},
}

// keyed is the kind of personal data in the keys of a bucket.
type keyed int

const (
	byNumber  keyed = iota // no personal data: numbers, hashes, names of mailboxes
	byAddress              // an address, followed by nothing or NUL
	behind                 // an address after a word: source NUL address, or "in " address
	byID                   // a Message-ID
)

// rack describes the contents of a bucket.
type rack struct {
	kind string // name of an entry, for people
	key  keyed
	// returns a pointer to a value for decoding an entry; nil if entries are not JSON records (see keptPlain)
	record func(key []byte) any
}

func of[T any](kind string, key keyed) rack {
	return rack{kind: kind, key: key, record: func([]byte) any { return new(T) }}
}

// racks describes all buckets. A test compares it with the list of buckets.
var racks = map[string]rack{
	bMeta:       {kind: "meta"},
	bSeen:       of[seen]("place", byNumber),
	bMessages:   of[desk.Record]("message", byNumber),
	bTickets:    of[desk.Ticket]("ticket", byNumber),
	bTexts:      {kind: "text"},
	bTasks:      {kind: "task"},
	bThreads:    of[desk.Link]("thread", byID),
	bSubjects:   of[[]uint64]("subject", byAddress),
	bReplies:    {kind: "counter", key: behind, record: counters},
	bJournal:    of[desk.Step]("journal", byNumber),
	bOutbox:     of[entry]("outbox", byNumber),
	bEffects:    of[desk.Effect]("effect", byNumber),
	bUnseen:     of[desk.Unconfirmed]("unseen", byNumber),
	bQuarantine: of[desk.Quarantined]("quarantine", byNumber),
	bRaw:        {kind: "letter"},
	bAttempts:   of[attempt]("attempt", byNumber),
	bContacts:   of[desk.Profile]("contact", byAddress),
	bProfiles:   of[profile]("profile", behind),
	bExclusions: of[desk.Exclusion]("exclusion", byAddress),
	bHits:       of[desk.Exclusion]("hits", byAddress),
	bReturned:   of[returned]("returned", byAddress),
	bPictures:   of[picture]("picture", byAddress),
	bAccepted:   of[desk.Accepted]("accepted", byNumber),
	bCopies:     of[desk.Copy]("copy", byNumber),
	bSent:       {kind: "letter"},
	bCursors:    {kind: "cursor", record: cursors},
	bCache:      {kind: "cache"},
	bTokens:     {kind: "token"},
}

// keptPlain says which personal data is in the buckets without records.
var keptPlain = map[string]string{
	bMeta:   "nothing: what the state says of itself",
	bTexts:  "texts of letters",
	bTasks:  "nothing: numbers",
	bRaw:    "whole letters",
	bSent:   "whole letters",
	bCache:  "the status of a state in a database, whose troubles may name an address",
	bTokens: "nothing of customers: what lets us into mailboxes",
}

// counters returns a value for decoding an entry of the bucket replies.
func counters(key []byte) any {
	switch {
	case string(key) == everybody:
		return new([]hourly)
	case len(key) > 3 && string(key[:3]) == "in ":
		return new(arrived)
	}
	return new([]reply)
}

// cursors returns a value for decoding a cursor.
func cursors(key []byte) any {
	switch string(key) {
	case "portal":
		return new(desk.Reading)
	case "prune":
		return new(position)
	}
	return new(time.Time)
}
