package desk

// Note is a remark for the specialist: the key of its text, and the details in it.
type Note struct {
	Key    NoteKey `json:"key"`
	Detail string  `json:"detail,omitempty"`
	Task   int64   `json:"task,omitempty"`
	Quiet  bool    `json:"quiet,omitempty"` // it is the reason why no auto-reply was sent
}

// NoteKey names the text of a note, a definition in notes.tmpl.
type NoteKey string

// The keys of notes. "It" is the message, unless the line says otherwise.
const (
	NoteUnverified  NoteKey = "unverified"   // DMARC failed
	NoteOtherSender NoteKey = "other-sender" // a colleague of the requester wrote it
	NoteStranger    NoteKey = "stranger"     // it continues a ticket of somebody else
	NoteLate        NoteKey = "late"         // it continues a ticket that was closed long ago
	NoteDeleted     NoteKey = "deleted"      // the former task was deleted
	NoteVia         NoteKey = "via"          // our own address sent it on behalf of the person in Reply-To
	NoteStaffReply  NoteKey = "staff-reply"  // it answers a letter that a specialist sent from their own mail program
	NoteWritten     NoteKey = "written"      // one of us wrote it by mail
	NoteAutomatic   NoteKey = "automatic"    // a machine wrote it
	NoteBulk        NoteKey = "bulk"         // a mailing list or a mass mailing sent it
	NoteRobot       NoteKey = "robot"        // its sender is a robot: nobody reads the answers
	NoteBlindCopy   NoteKey = "blind-copy"   // our address is not among the recipients
	NoteBounce      NoteKey = "bounce"       // a letter of ours was not delivered
	NoteOversize    NoteKey = "oversize"     // the message was too large to be read
	NoteCut         NoteKey = "cut"          // the post leaves out a part of the letter
	NoteThanks      NoteKey = "thanks"       // it only says thanks, so it does not reopen the task
	NoteWrongToken  NoteKey = "wrong-token"  // its subject contains a token that is not believed
	NoteForwarded   NoteKey = "forwarded"    // it forwards somebody's letter
	NoteDegraded    NoteKey = "degraded"     // something could not be read; detail: a Degraded
	NotePictures    NoteKey = "pictures"     // pictures from signatures were left out
	NoteEvent       NoteKey = "event"        // it contains an invitation
	NoteExcluded    NoteKey = "excluded"     // no auto-reply: an exclusion hits; detail: its pattern
	NoteSuppress    NoteKey = "suppress"     // no auto-reply: the letter asks not to get one
	NoteReply       NoteKey = "reply"        // no auto-reply: it answers a letter of ours
	NoteNoAddress   NoteKey = "no-address"   // no auto-reply: there is nobody to answer
	NoteOff         NoteKey = "off"          // no auto-reply: auto-replies are switched off
	NoteCapped      NoteKey = "capped"       // no auto-reply: a limit is reached; detail: a Limit
	NoteStale       NoteKey = "stale"        // no auto-reply: the letter is old
	NoteQuarantine  NoteKey = "quarantine"   // further messages of the day are in the quarantine and get no note each
	// too many letters came from one sender or domain, the detail; further ones become files of the task
	NoteFlood         NoteKey = "flood"
	NoteSpam          NoteKey = "spam"           // the receiving filter marked it as spam; its sender gets no letter
	NoteAnswerTo      NoteKey = "answer-to"      // answers go to an address other than the sender's
	NoteNoText        NoteKey = "no-text"        // the message has no text
	NoteUndeliverable NoteKey = "undeliverable"  // an earlier letter to the address came back
	NoteStaffForward  NoteKey = "staff-forward"  // a specialist forwarded the letter; detail: the specialist
	NoteForwardUnsure NoteKey = "forward-unsure" // a specialist forwarded a letter whose writer is uncertain
	NoteFallback      NoteKey = "fallback"       // the responsible person in the settings is unknown or dismissed
	NoteMention       NoteKey = "mention"        // a comment that begins with a mention of a colleague stayed inside
	// a comment that begins with half of the internal prefix stayed inside; detail: that half
	NoteSlip        NoteKey = "slip"
	NoteMuted       NoteKey = "muted"        // comments do not go out: the customer gets no letters
	NoteUnmuted     NoteKey = "unmuted"      // comments go out again
	NoteFailing     NoteKey = "failing"      // a comment goes to an address from which mail has come back
	NoteWorking     NoteKey = "working"      // somebody wrote from such an address, so it works
	NoteDelayed     NoteKey = "delayed"      // a letter with a comment is delayed for long, or waits for a person
	NoteSentLate    NoteKey = "sent-late"    // the delayed letter was sent
	NoteSent        NoteKey = "sent"         // a letter with a comment was sent
	NoteLeftOut     NoteKey = "left-out"     // some files of a comment were not sent with it
	NoteCopied      NoteKey = "copied"       // people get answers in copy from now on; detail: their addresses
	NoteCrowd       NoteKey = "crowd"        // nobody was added in copy: the letter went to too many; detail: the limit
	NoteCopyLost    NoteKey = "copy-lost"    // a copy was refused for good; detail: address and reason
	NoteCopyDelayed NoteKey = "copy-delayed" // a copy is delayed for long, or waits for a person
	NoteCopySent    NoteKey = "copy-sent"    // the delayed copy was sent
	// a person dropped a letter with a comment; detail: recipient
	NoteDropped     NoteKey = "dropped"
	NoteCopyDropped NoteKey = "copy-dropped" // a person dropped a copy; detail: its recipient
	NoteUnseenFiles NoteKey = "unseen-files" // the portal accepted files of a letter and does not show them
)

// The words in the detail of a NoteCut, separated by blanks.
const (
	CutQuote     = "quote"     // the quoted letters were left out
	CutSignature = "signature" // the signature was left out
	CutText      = "text"      // the end of a long text was left out
)

// Limit names a limit of auto-replies. The limit of one address has no name.
type Limit string

// The limits of auto-replies.
const (
	LimitDomain  Limit = "domain"  // to all addresses of a domain
	LimitDay     Limit = "day"     // to anybody within a day
	LimitSubject Limit = "subject" // to one address about the same subject
)

// Degraded names a part of a message that could not be read properly.
type Degraded string

// The values of Degraded.
const (
	DegradedHeader    Degraded = "header"    // the header is too long; the rest was dropped
	DegradedLines     Degraded = "lines"     // lines in the header that are not fields were left out
	DegradedSender    Degraded = "sender"    // From contains no usable address, or more than one
	DegradedCharset   Degraded = "charset"   // some characters could not be decoded
	DegradedTruncated Degraded = "truncated" // the end of the message is missing
	DegradedMIME      Degraded = "mime"      // the text contains parts that could not be separated from it
	DegradedDepth     Degraded = "depth"     // parts nested too deeply were not opened
	DegradedParts     Degraded = "parts"     // there are too many parts; the rest became one attachment
	DegradedText      Degraded = "text"      // the text is too long; the rest was dropped
	DegradedWords     Degraded = "words"     // it contains words, and none of them could be shown
	DegradedForms     Degraded = "forms"     // its plain text and its HTML say different things
	DegradedPGP       Degraded = "pgp"       // it contains PGP-encrypted or PGP-signed text
	DegradedEncrypted Degraded = "encrypted" // the whole message is encrypted
	DegradedTNEF      Degraded = "tnef"      // a winmail.dat could not be opened
	DegradedPicture   Degraded = "picture"   // a picture embedded in the HTML could not be extracted
	DegradedSMIME     Degraded = "smime"     // a signed container (S/MIME) could not be opened
	DegradedOversize  Degraded = "oversize"  // it is larger than the mailbox's limit; only its header was read
)
