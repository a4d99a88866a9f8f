package portal

import (
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const searchLimit = 200 // messages of one page of a chat

// reading is the state of reading one task's comments, from either card.
type reading struct {
	task, chat, last int64
	own              bool      // read the comments since then, not those after last
	since            time.Time // if own is set
	lastAt           time.Time // date of last; zero = unknown
	anchored         bool      // last was found again: newer comments have greater numbers
	rewound          bool      // last was not found, and the comments are those after readUpTo
	readUpTo         time.Time

	comments  []desk.Comment
	full      bool  // the last page of the chat was full: there may be more
	chatLast  int64 // id of the last message read in the chat
	results   []result
	oldErr    error
	chatErr   error
	resultErr error
	asked     bool  // the results were asked for
	probeErr  error // why the task could not be asked for its chat
	gone      bool

	unlisted   map[int64]bool // authors known only by number; nil = not collected
	lastResult int64          // id of the newest known result
	attached   map[bitrix.ID]desk.File
}

// failure returns why the comments are incomplete, or nil.
//
// QUIRK: on the new card task.commentitem.getlist fails or is empty (tasks/tasks-new), on the old card there is no
// chat: an answer from either card is enough.
func (r *reading) failure() error {
	switch {
	case r.resultErr != nil:
		return r.resultErr
	case r.chat != 0:
		return r.chatErr
	case r.gone:
		return fault.New(fault.Never, fmt.Errorf("task %d is gone, or the webhook's user has no part in it", r.task))
	case r.oldErr == nil && len(r.comments) == 0:
		return r.probeErr // the task may have a chat
	}
	return r.oldErr
}

// ask reads the task's chat if it is known, else the forum topic, and then also asks for the task's chat.
func (r *reading) ask(p *bitrix.Plan) {
	if r.chat != 0 {
		p.Add(r.search(), r.takeSearch)
		return
	}
	p.Add(r.forum(), r.takeOld)
	p.Add(r.chatOfTask(), r.takeTask)
	p.Add(r.chatByTask(), r.takeChat)
}

// forum reads the forum topic of a task.
func (r *reading) forum() bitrix.Command {
	filter := bitrix.With(">=ID", r.last)
	if r.own {
		filter = bitrix.With(">=POST_DATE", r.since.Format(time.RFC3339))
	}
	return bitrix.Do("task.commentitem.getlist",
		bitrix.With("TASKID", r.task).With("ORDER", bitrix.With("ID", "asc")).With("FILTER", filter))
}

func (r *reading) takeOld(a bitrix.Answer) {
	if r.oldErr = a.Err; a.Err == nil && a.Result == nil { // an empty list is an answer, a missing one is not
		r.oldErr = fault.New(fault.Refused,
			fmt.Errorf("read comments of task %d: the batch tells nothing of them", r.task))
	}
	if r.oldErr != nil {
		return
	}
	list, err := readForum(a.Result)
	r.oldErr = err
	for _, c := range list {
		if r.anchors(c) {
			continue
		}
		r.comments = append(r.comments, c)
		if r.unlisted != nil {
			r.unlisted[c.Author] = true
		}
	}
}

// chatOfTask asks the task for its chat.
//
// QUIRK: chatId is a number while id is a string, and lists may leave it out (tasks/tasks-task-get).
func (r *reading) chatOfTask() bitrix.Command {
	return bitrix.Do("tasks.task.get", bitrix.With("taskId", r.task).With("select", []string{"ID", "CHAT_ID"}))
}

func (r *reading) chatByTask() bitrix.Command {
	return bitrix.Do("im.chat.get", bitrix.With("ENTITY_TYPE", "TASKS_TASK").With("ENTITY_ID", r.task))
}

func (r *reading) takeTask(a bitrix.Answer) {
	if a.Err != nil {
		r.unasked(a.Err)
		return
	}
	var got struct {
		Task task `json:"task"`
	}
	// QUIRK: for a missing task the answer is 200 and [] (tasks/tasks-task-get names no error).
	r.gone = strings.HasPrefix(string(a.Result), "[]")
	_ = bitrix.Into(a.Result, &got)
	r.useChat(int64(got.Task.ChatID))
}

func (r *reading) takeChat(a bitrix.Answer) {
	var got struct {
		ID bitrix.ID `json:"ID"`
	}
	// QUIRK: the result is null if there is no chat (chats/im-chat-get).
	if r.unasked(a.Err); a.Err == nil && bitrix.Into(a.Result, &got) == nil {
		r.useChat(int64(got.ID))
	}
}

// unasked records that the question for the chat was not answered. A refusal counts as an answer: without the scope no
// chat can be read.
func (r *reading) unasked(err error) {
	if err != nil && fault.Of(err) != fault.Never && fault.ExtentOf(err) != fault.Setup {
		r.probeErr = err
	}
}

// useChat reads the first chat found from its beginning: the last known comment was in the forum, whose numbers are
// unrelated to those of messages.
func (r *reading) useChat(chat int64) {
	if chat != 0 && r.chat == 0 {
		r.chat, r.full, r.last, r.chatLast = chat, true, 0, 0
	}
}
