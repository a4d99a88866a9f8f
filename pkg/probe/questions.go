package probe

// question is one line of the report: a question and the meaning of either answer.
type question struct {
	name          string
	kept, dropped string
}

// TaskIsMade is the question on which all others depend.
const TaskIsMade = "task by REST v2"

// questions are all lines of the report, in order.
var questions = []question{
	{"webhook acts as its owner", "comments by that user are ours",
		"who we are is asked in every pass; comments of both users are ours"},
	{"files can be uploaded",
		"files of letters go to the Drive", "tasks name the files of letters, which stay in the mailbox"},
	{TaskIsMade,
		"letters become tasks", "no letter becomes a task: see the code; a field that the portal demands goes into " +
			"bitrix24.task.fields"},
	{"task: XML_ID", "a task whose answer was lost is found again", "such a task would be made twice"},
	{"task: tags", "tags stand on the task", "tasks have no tags"},
	{"task: auditors", "auditors see the task", "the plan has none, or leaves out who takes part anyway"},
	{"task: deadline", "deadlines are kept", "tasks have no deadline"},
	{"task: priority", "priorities are kept", "every task has the average priority"},
	{"task: custom fields", "bitrix24.task.fields is kept", "bitrix24.task.fields has no effect"},
	{"task: file", "files of a first letter are on the task", "they must be attached afterwards"},
	{"new card", "comments are messages of the task's chat", "comments are those of the forum: the old card"},
	{"chat in the answer of a create", "known at once", "one more request for a new task"},
	{"chat in lists", "known from the list that is read anyway", "one more request, once for a task"},
	{"list by XML_ID", "a lost task could be found by one request", "nothing: the rows are compared by helpdesk"},
	{"list by ACTIVITY_DATE",
		"a pass reads only what is new", "nothing: rows come newest first and reading stops at the first that is old"},
	{"comment arrives",
		"a text by task.commentitem.add is there",
		"a text by that method is lost: it is confirmed by reading and made again"},
	{"comment answers its id",
		"the answer proves what was made", "the answer proves nothing: what was made is looked for by its mark"},
	{"comment with a file",
		"task.commentitem.add takes files", "it drops files: comments with files go by im.disk.file.commit"},
	{"two files of a repeat letter",
		"both arrive with the same bytes", "files of repeat letters get lost: write to us"},
	{"message by im.message.add", "it arrives", "texts go by another method"},
	{"message by REST v3", "it arrives", "its answer is believed of nothing; texts go by another method"},
	{"chat texts as they were sent",
		"texts are read as they stand", "they come parsed: addresses in [URL], entities decoded; they are read so"},
	{"[DISK=n] is only text", "nothing", "it attaches a file of the Drive: in customers' texts it is broken up"},
	{"old method lists comments", "comments are read by it", "comments are read from the chat"},
	{"a comment moves ACTIVITY_DATE", "new comments are found by it", "new comments are not found: write to us"},
	{"ACTIVITY_DATE at once",
		"a comment is seen by the next pass", "it is written later: a pass looks two minutes back"},
	{"closing moves ACTIVITY_DATE", "a closed task is found by either date", "it is found by CHANGED_DATE"},
	{"closing moves CHANGED_DATE", "a closed task is found", "closing is seen only where a comment follows"},
	{"complete", "a task can be closed", "nothing: helpdesk closes none"},
	{"renew", "a repeat contact opens a closed task", "the comment is made, and the task stays closed"},
	{"REST v3",
		"what travels alone can be repeated safely",
		"everything goes by REST v2 and is looked for before it is repeated"},
	{"a key makes one task", "a repeated call makes nothing twice", "what is in doubt is looked for by its XML_ID"},
	{"tags and people by REST v3", "tasks with them may go by REST v3", "tasks with them go by REST v2"},
	{"CRM finds two addresses", "senders of a pass are looked up at once", "each address is looked up by itself"},
	{"CRM finds whole addresses", "nothing", "it finds those that begin so too: helpdesk compares"},
}

// found records the answer to a question: yes or no, and a detail.
func (r *run) found(name string, yes bool, what string) {
	f := Finding{Name: name, Verdict: Dropped, Found: what}
	if yes {
		f.Verdict = Kept
	}
	r.answers[name] = f
}

// unknown records why a question could not be tried.
func (r *run) unknown(name, why string) {
	r.answers[name] = Finding{Name: name, Verdict: Unknown, Found: why}
}

// findings returns the answers in the order of questions, with their meanings.
func (r *run) findings() []Finding {
	var all []Finding
	for _, q := range questions {
		f, ok := r.answers[q.name]
		if !ok {
			f = Finding{Name: q.name, Verdict: Unknown, Found: "not tried"}
		}
		switch f.Verdict {
		case Kept:
			f.Means = q.kept
		case Dropped:
			f.Means = q.dropped
		default:
			f.Means = "helpdesk does what is right in either case"
		}
		all = append(all, f)
	}
	return all
}
