package desk

// Group is what some rules decide together.
type Group string

// The groups of rules, in the order they are asked.
const (
	GroupBefore    Group = "before"     // whether a message has been recorded before
	GroupClass     Group = "class"      // what a message is
	GroupReport    Group = "report"     // whether a report is believed
	GroupThread    Group = "thread"     // whose ticket a message belongs to
	GroupStanding  Group = "standing"   // how that ticket, or a changed task, stands
	GroupAutoReply Group = "auto-reply" // what takes the auto-reply away
	GroupFiles     Group = "files"      // which files are not uploaded
	GroupRouting   Group = "routing"    // which settings a new task gets
	GroupComment   Group = "comment"    // whether a comment goes to the customer
)
