package probe

// question is one line of the report: a question and the keys of the texts that say what either answer means.
type question struct {
	name          string
	kept, dropped string
}

// TaskIsMade is the question on which all others depend.
const TaskIsMade = "task by REST v2"

// questions are all lines of the report, in order.
var questions = []question{
	{"webhook acts as its owner", "check.live.owner.kept", "check.live.owner.dropped"},
	{"files can be uploaded", "check.live.upload.kept", "check.live.upload.dropped"},
	{TaskIsMade, "check.live.task.kept", "check.live.task.dropped"},
	{"task: XML_ID", "check.live.xml_id.kept", "check.live.xml_id.dropped"},
	{"task: tags", "check.live.tags.kept", "check.live.tags.dropped"},
	{"task: auditors", "check.live.auditors.kept", "check.live.auditors.dropped"},
	{"task: deadline", "check.live.deadline.kept", "check.live.deadline.dropped"},
	{"task: priority", "check.live.priority.kept", "check.live.priority.dropped"},
	{"task: custom fields", "check.live.fields.kept", "check.live.fields.dropped"},
	{"task: file", "check.live.file.kept", "check.live.file.dropped"},
	{"new card", "check.live.card.kept", "check.live.card.dropped"},
	{"chat in the answer of a create", "check.live.chat.kept", "check.live.chat.dropped"},
	{"chat in lists", "check.live.chat_in_lists.kept", "check.live.chat_in_lists.dropped"},
	{"list by XML_ID", "check.live.by_xml_id.kept", "check.live.by_xml_id.dropped"},
	{"list by ACTIVITY_DATE", "check.live.by_activity.kept", "check.live.by_activity.dropped"},
	{"comment arrives", "check.live.comment.kept", "check.live.comment.dropped"},
	{"comment answers its id", "check.live.comment_id.kept", "check.live.comment_id.dropped"},
	{"comment with a file", "check.live.comment_file.kept", "check.live.comment_file.dropped"},
	{"two files of a repeat letter", "check.live.two_files.kept", "check.live.two_files.dropped"},
	{"message by im.message.add", "check.live.message.kept", "check.live.message.dropped"},
	{"message by REST v3", "check.live.message_v3.kept", "check.live.message_v3.dropped"},
	{"chat texts as they were sent", "check.live.texts.kept", "check.live.texts.dropped"},
	{"[DISK=n] is only text", "check.live.disk.kept", "check.live.disk.dropped"},
	{"old method lists comments", "check.live.old_list.kept", "check.live.old_list.dropped"},
	{"a comment moves ACTIVITY_DATE", "check.live.activity.kept", "check.live.activity.dropped"},
	{"ACTIVITY_DATE at once", "check.live.activity_at_once.kept", "check.live.activity_at_once.dropped"},
	{"closing moves ACTIVITY_DATE", "check.live.closing_activity.kept", "check.live.closing_activity.dropped"},
	{"closing moves CHANGED_DATE", "check.live.closing_changed.kept", "check.live.closing_changed.dropped"},
	{"complete", "check.live.complete.kept", "check.live.complete.dropped"},
	{"renew", "check.live.renew.kept", "check.live.renew.dropped"},
	{"REST v3", "check.live.v3.kept", "check.live.v3.dropped"},
	{"a key makes one task", "check.live.key.kept", "check.live.key.dropped"},
	{"tags and people by REST v3", "check.live.v3_tags.kept", "check.live.v3_tags.dropped"},
	{"CRM finds two addresses", "check.live.crm_two.kept", "check.live.crm_two.dropped"},
	{"CRM finds whole addresses", "check.live.crm_whole.kept", "check.live.crm_whole.dropped"},
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
			f.Text = q.kept
		case Dropped:
			f.Text = q.dropped
		default:
			f.Text = "check.live.unknown"
		}
		all = append(all, f)
	}
	return all
}
