package portal

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// comment returns the call that comments the effect's task: into the chat of a task that has one, else by the old
// method.
//
// QUIRK: on the new card the old method takes the text and drops the files without an error (tasks/tasks-new; tasks,
// commentitem.php addCommentInChat), and what REST v3 sends into a chat is answered with true, posted or not (tasks, V2
// SendMessageHandler): so a known chat is written to by the methods of chats, which tell.
func comment(e desk.Effect) bitrix.Command {
	ids := numbers(e.Post.Files)
	switch {
	case e.Chat == 0 || e.Detour && len(ids) == 0:
		return commentAdd(e)
	case len(ids) > 0:
		return bitrix.Do(commit, bitrix.With("CHAT_ID", e.Chat).With("FILE_ID", ids).With("MESSAGE", e.Post.Marked()))
	}
	dialog := "chat" + strconv.FormatInt(e.Chat, 10)
	return bitrix.Do(say, bitrix.With("DIALOG_ID", dialog).With("MESSAGE", e.Post.Marked()).With("URL_PREVIEW", "N"))
}

// The methods that write into a chat: a text, and files with a text.
const (
	say    = "im.message.add"
	commit = "im.disk.file.commit"
)

// commentAdd returns the call that comments the effect's task by the old method.
//
// QUIRK: it is marked deprecated, and the only one of the old card; a task of the new card that has no chat yet gets
// one by it (tasks/tasks-new). Its values are taken by position.
func commentAdd(e desk.Effect) bitrix.Command {
	fields := appendList(bitrix.With("POST_MESSAGE", e.Post.Marked()), "UF_FORUM_MESSAGE_DOC", objects(e.Post.Files))
	return bitrix.Do("task.commentitem.add", bitrix.With("0", e.Task).With("1", fields))
}

// readComment reads what became of a comment, by the method it went by.
func readComment(e desk.Effect, method string, a bitrix.Answer) desk.Made {
	if a.Err != nil {
		return desk.Made{Err: fmt.Errorf("comment task %d: %w", e.Task, a.Err)}
	}
	if method == commit {
		return readCommit(e, a)
	}
	// QUIRK: 0 says that nothing was posted, without an error (tasks, AddCommentFacade); on the new card the number is
	// the message's.
	var id bitrix.ID
	if _ = json.Unmarshal(a.Result, &id); id == 0 {
		return unposted(e, a)
	}
	return desk.Made{Task: e.Task, Comment: int64(id), Chat: e.Chat}
}

// unposted is the outcome of a comment whose answer tells nothing.
func unposted(e desk.Effect, a bitrix.Answer) desk.Made {
	err := fmt.Errorf("comment task %d: the answer is %.100q", e.Task, string(a.Result))
	return desk.Made{Err: fault.Vague(err)}
}

// readCommit compares what was sent with the answer, file by file.
//
// QUIRK: a file that can't be copied into the chat is passed over without an error, and has the number 0 in FILES
// (im, im_rest.php diskFileCommit).
func readCommit(e desk.Effect, a bitrix.Answer) desk.Made {
	var r struct {
		Files   json.RawMessage `json:"FILES"`
		DiskID  json.RawMessage `json:"DISK_ID"`
		Message bitrix.ID       `json:"MESSAGE_ID"`
	}
	if err := bitrix.Into(a.Result, &r); err != nil || r.Message == 0 {
		return unposted(e, a)
	}
	made := desk.Made{Task: e.Task, Comment: int64(r.Message), Chat: e.Chat}
	var told map[string]struct {
		ID bitrix.ID `json:"id"`
	}
	_ = bitrix.Into(r.Files, &told)
	copies := bitrix.Rows[bitrix.ID](r.DiskID)
	for i, f := range e.Post.Files {
		got, known := told["disk"+strconv.FormatInt(f.Object, 10)]
		if f.Object != 0 && (known && got.ID == 0 || !known && len(told) > 0 ||
			len(told) == 0 && len(copies) < len(numbers(e.Post.Files))) {
			made.Missing = append(made.Missing, i)
		}
	}
	return made
}

// numbers returns the Drive objects of the files as chats want them.
//
// QUIRK: without a prefix (chats/im-disk-file-commit).
func numbers(files []desk.File) []int64 {
	var list []int64
	for _, f := range files {
		if f.Object != 0 {
			list = append(list, f.Object)
		}
	}
	return list
}

// chats finds the chats of tasks that are to be commented with files and whose card is not known: two questions for
// each, in one request, none on a portal found to have the old card within the last day.
//
// QUIRK: tasks.task.get makes the chat of a task from before the new card, where its number is asked for
// (tasks, TaskProvider).
func (c *Maker) chats(ctx context.Context, effects []desk.Effect) {
	var card string
	if c.Recall(savedCard, &card); card == oldCard {
		return
	}
	var readings []*reading
	p := c.Plan()
	for i := range effects {
		e := &effects[i]
		if e.Kind != desk.CommentTask || e.Post == nil || e.Chat != 0 || e.Task == 0 ||
			len(numbers(e.Post.Files)) == 0 {
			continue
		}
		r := &reading{task: e.Task}
		readings = append(readings, r)
		p.Add(r.chatOfTask(), r.takeTask)
		p.Add(r.chatByTask(), func(a bitrix.Answer) { r.takeChat(a); e.Chat = r.chat })
	}
	if len(readings) == 0 || p.Run(ctx) != nil {
		return
	}
	for _, r := range readings {
		if r.chat != 0 || r.probeErr != nil || r.gone {
			return
		}
	}
	c.Remember(savedCard, oldCard)
}

// oldCard is what is remembered of a portal whose tasks have no chats.
const oldCard = "old"

// barred reports whether our user is no member of the chat that a comment goes into.
//
// QUIRK: to put files into a chat takes membership of it (im.disk.file.commit, ACCESS_ERROR), to read it access to the
// task.
func barred(err error) bool {
	var e *bitrix.Error
	return errors.As(err, &e) && (e.Method == commit || e.Method == say) && e.Coded("ACCESS_ERROR", "ACCESS_DENIED")
}

// again sends the files that a comment lacks once more, under its marker and without its text. It returns those that
// are still missing.
func (c *Maker) again(ctx context.Context, e desk.Effect, missing []int) []int {
	post := *e.Post
	post.Text, post.Files = "", nil
	for _, i := range missing {
		post.Files = append(post.Files, e.Post.Files[i])
	}
	e.Post = &post
	cmd := comment(e)
	answers, err := c.Batch(ctx, []bitrix.Command{cmd})
	if err != nil {
		return missing
	}
	made := readComment(e, cmd.Method, answers[0])
	if made.Err != nil {
		c.log.Warn("portal: files not sent again", "task", e.Task, "err", made.Err)
		return missing
	}
	var still []int
	for _, k := range made.Missing {
		still = append(still, missing[k])
	}
	return still
}
