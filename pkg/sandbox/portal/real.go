package portal

// Behaviour is a set of things the real portal does.
type Behaviour int

// What the real portal of 2026 does (modules rest 26.250, tasks and im of the same time).
const (
	// RealComments: on the new card task.commentitem.add takes text and author alone. Files and dates are dropped without
	// an error, the answer is the id of the message, or 0 where the chat did not take it. task.commentitem.getlist shows
	// what was written in the forum before (tasks, AddCommentFacade, commentitem.php addCommentInChat, fetchListFromDb).
	RealComments Behaviour = 1 << iota
	// RealSend: tasks.task.chat.message.send of v3 answers true whatever becomes of the message, and makes no chat
	// (tasks, V2 SendMessageHandler).
	RealSend
	// RealActivity: messages of the system move ACTIVITY_DATE too, and a job writes it some seconds later
	// (tasks, V2 UpdateLastActivityDate; im, deferJob).
	RealActivity
	// RealReading: whoever may read a task may read its chat, and texts come parsed: bare addresses in [URL], entities
	// decoded once, users named (im, ExternalChat::checkAccessInternal, text.php parse).
	RealReading
	// RealDisk: im.disk.file.commit copies files into the chat and passes over those it can't copy, and [DISK=n] in a text
	// attaches the file n (im, im_rest.php diskFileCommit, Message.php uploadFileFromText).
	RealDisk
	// RealContacts: crm.contact.list looks up the first address of a list alone, and addresses that begin with it
	// (crm, entity_helper.php PrepareMultiFieldFilter).
	RealContacts
	// RealRelations: tasks.task.add of v3 refuses every list of people or tags (rest, FieldEditableValidator).
	RealRelations

	RealAll = RealComments | RealSend | RealActivity | RealReading | RealDisk | RealContacts | RealRelations
)

// realByDefault is what needs no asking for.
const realByDefault = RealSend | RealDisk | RealReading | RealActivity

func (o *PortalOptions) real(b Behaviour) bool { return o.Real&b != 0 }
