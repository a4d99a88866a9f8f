package desk

// Note is a remark for the specialist: which of the portal's texts, and what it is about.
type Note struct {
	Key    NoteKey `json:"key"`
	Detail string  `json:"detail,omitempty"`
	Task   int64   `json:"task,omitempty"`
	Quiet  bool    `json:"quiet,omitempty"` // it is the reason why there was no auto-reply
}

// NoteKey names the text of a note: a definition in notes.tmpl.
type NoteKey string

// The keys of notes.
const (
	NoteUnverified  NoteKey = "unverified"   // DMARC failed
	NoteOtherSender NoteKey = "other-sender" // a colleague of the requester wrote it
	NoteStranger    NoteKey = "stranger"     // it continues a ticket of somebody else
	NoteLate        NoteKey = "late"         // it continues a ticket closed long ago
	NoteDeleted     NoteKey = "deleted"      // the former task was deleted
	NoteVia         NoteKey = "via"          // our own address sent it for the person in Reply-To
	NoteStaffReply  NoteKey = "staff-reply"  // it answers a specialist's own mail
	NoteWritten     NoteKey = "written"      // one of us wrote it by mail
	NoteAutomatic   NoteKey = "automatic"    // a machine wrote it
	NoteBulk        NoteKey = "bulk"         // a list or a mass mailing
	NoteRobot       NoteKey = "robot"        // nobody reads what its sender is sent
	NoteBlindCopy   NoteKey = "blind-copy"   // our address is not among the recipients
	NoteBounce      NoteKey = "bounce"       // a letter of ours was not delivered
	NoteOversize    NoteKey = "oversize"     // the message was too large to be read
	NoteCut         NoteKey = "cut"          // the post shows less than the letter says
	NoteThanks      NoteKey = "thanks"       // a bare thank-you opens no task again
	NoteWrongToken  NoteKey = "wrong-token"  // its subject has a token that is not believed
	NoteForwarded   NoteKey = "forwarded"    // it forwards somebody's letter
	NoteDegraded    NoteKey = "degraded"     // something could not be read; the detail is a Degraded
	NotePictures    NoteKey = "pictures"     // pictures of signatures were left out
	NoteEvent       NoteKey = "event"        // an invitation
	NoteExcluded    NoteKey = "excluded"     // no auto-reply: an exclusion, its pattern is the detail
	NoteSuppress    NoteKey = "suppress"     // no auto-reply: the letter asks for none
	NoteReply       NoteKey = "reply"        // no auto-reply: it answers a letter of ours
	NoteNoAddress   NoteKey = "no-address"   // no auto-reply: there is nobody to answer
	NoteOff         NoteKey = "off"          // no auto-reply: they are switched off
	NoteCapped      NoteKey = "capped"       // no auto-reply: over a limit
	NoteStale       NoteKey = "stale"        // no auto-reply: the letter is old
	NoteQuarantine  NoteKey = "quarantine"   // further messages of the day are in the quarantine, and not told of
	// too many letters of the detail: further ones are gathered as files of the task
	NoteFlood         NoteKey = "flood"
	NoteSpam          NoteKey = "spam"           // the receiving filter has marked it, and its sender gets no letter
	NoteAnswerTo      NoteKey = "answer-to"      // answers go to another address than the sender's
	NoteNoText        NoteKey = "no-text"        // the message has no text
	NoteUndeliverable NoteKey = "undeliverable"  // a former letter to the address came back
	NoteStaffForward  NoteKey = "staff-forward"  // a specialist, the detail, forwarded the requester's letter
	NoteForwardUnsure NoteKey = "forward-unsure" // a specialist forwarded a letter, and whose is not certain
	NoteFallback      NoteKey = "fallback"       // the responsible of the settings is unknown or dismissed
	NoteMention       NoteKey = "mention"        // a comment stayed inside: it begins with a mention of a colleague
	// a comment stayed inside: it begins with half of the internal prefix, the detail
	NoteSlip        NoteKey = "slip"
	NoteMuted       NoteKey = "muted"        // comments do not go out: the customer gets no letters
	NoteUnmuted     NoteKey = "unmuted"      // they do again
	NoteFailing     NoteKey = "failing"      // a comment goes to an address whose mail came back
	NoteWorking     NoteKey = "working"      // its owner has written since
	NoteDelayed     NoteKey = "delayed"      // a letter with a comment waits for long, or for a person
	NoteSentLate    NoteKey = "sent-late"    // it is out
	NoteSent        NoteKey = "sent"         // a letter with a comment is out
	NoteLeftOut     NoteKey = "left-out"     // files of a comment that did not go out with it
	NoteCopied      NoteKey = "copied"       // the detail's addresses get answers in copy from now on
	NoteCrowd       NoteKey = "crowd"        // nobody does: the letter went to more people than the detail
	NoteCopyLost    NoteKey = "copy-lost"    // a copy was refused for good: address and reason
	NoteCopyDelayed NoteKey = "copy-delayed" // a copy waits for long, or for a person
	NoteCopySent    NoteKey = "copy-sent"    // it is out
	NoteUnseenFiles NoteKey = "unseen-files" // files of a letter that the portal took and does not show
)

// What the detail of a NoteCut may say, several of them with a blank between.
const (
	CutQuote     = "quote"     // the letters quoted in it
	CutSignature = "signature" // its signature
	CutText      = "text"      // the end of a long text
)

// Degraded says what of a message could not be read as it should.
type Degraded string

// The values of Degraded.
const (
	DegradedHeader    Degraded = "header"    // longer than allowed, the rest was dropped
	DegradedLines     Degraded = "lines"     // lines of the header that are no fields were left out
	DegradedSender    Degraded = "sender"    // From holds no address that mail can be sent to, or a choice of several
	DegradedCharset   Degraded = "charset"   // some letters of the text could not be told
	DegradedTruncated Degraded = "truncated" // the end of the message is missing
	DegradedMIME      Degraded = "mime"      // parts that were not told from the text stand in it
	DegradedDepth     Degraded = "depth"     // parts nested too deep were left unopened
	DegradedParts     Degraded = "parts"     // too many parts, the rest is one attachment
	DegradedText      Degraded = "text"      // the text is longer than allowed, the rest was dropped
	DegradedWords     Degraded = "words"     // there are words in it, and none could be shown
	DegradedForms     Degraded = "forms"     // its text and its page say different things
	DegradedPGP       Degraded = "pgp"       // encrypted or signed with PGP inside the text
	DegradedEncrypted Degraded = "encrypted" // encrypted as a whole
	DegradedTNEF      Degraded = "tnef"      // a winmail.dat that could not be opened
	DegradedPicture   Degraded = "picture"   // a picture in the HTML itself that could not be taken out of it
	DegradedSMIME     Degraded = "smime"     // a signed container that could not be opened
	DegradedOversize  Degraded = "oversize"  // larger than the mailbox allows: only its header was read
)
