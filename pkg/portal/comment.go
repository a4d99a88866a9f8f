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

// comment returns the call that comments on the effect's task: a message if the task's chat is known, else the old
// method.
//
// QUIRK: on the new card the old method stores the text and drops the files without an error (tasks/tasks-new; tasks,
// commentitem.php addCommentInChat). REST v3 answers true for a chat message whether it was posted or not (tasks, V2
// SendMessageHandler). So a known chat is written to by the chat methods, which report failures.
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

// Methods that write into a chat: a text, and files with a text.
const (
	say    = "im.message.add"
	commit = "im.disk.file.commit"
)

// commentAdd returns the call that comments on the effect's task by the old method.
//
// QUIRK: it is marked deprecated, but it is the only method for the old card; on the new card it creates the chat of a
// task that has none yet (tasks/tasks-new). Its arguments are positional.
func commentAdd(e desk.Effect) bitrix.Command {
	fields := appendList(bitrix.With("POST_MESSAGE", e.Post.Marked()), "UF_FORUM_MESSAGE_DOC", objects(e.Post.Files))
	return bitrix.Do("task.commentitem.add", bitrix.With("0", e.Task).With("1", fields))
}

// readComment reads the result of a comment, by the method that made it.
func readComment(e desk.Effect, method string, a bitrix.Answer) desk.Made {
	if a.Err != nil {
		return desk.Made{Err: fmt.Errorf("comment task %d: %w", e.Task, a.Err)}
	}
	if method == commit {
		return readCommit(e, a)
	}
	// QUIRK: 0 means that nothing was posted, without an error (tasks, AddCommentFacade); on the new card the number is
	// the message's.
	var id bitrix.ID
	if _ = json.Unmarshal(a.Result, &id); id == 0 {
		return unposted(e, a)
	}
	return desk.Made{Task: e.Task, Comment: int64(id), Chat: e.Chat}
}

// unposted returns the outcome of a comment whose answer says nothing about it.
func unposted(e desk.Effect, a bitrix.Answer) desk.Made {
	err := fmt.Errorf("comment task %d: the answer is %.100q", e.Task, string(a.Result))
	return desk.Made{Err: fault.Vague(err)}
}

// readCommit compares the answer with what was sent, file by file.
//
// QUIRK: a file that can't be copied into the chat is skipped without an error, and its number in FILES is 0 (im,
// im_rest.php diskFileCommit).
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

// numbers returns the Drive objects of the files in the form for chat methods.
//
// QUIRK: chat methods take the numbers without a prefix (chats/im-disk-file-commit).
func numbers(files []desk.File) []int64 {
	var list []int64
	for _, f := range files {
		if f.Object != 0 {
			list = append(list, f.Object)
		}
	}
	return list
}

// chats finds the chats of tasks that get a comment with files and whose card is unknown. It asks two questions for
// each, all in one request, and asks nothing on a portal that was found within the last day to have the old card.
//
// QUIRK: tasks.task.get creates the chat of a task that is older than the new card, if the chat's number is selected
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

// oldCard is the remembered value for a portal whose tasks have no chats.
const oldCard = "old"

// barred reports whether a comment was refused because our user is not a member of the chat.
//
// QUIRK: putting files into a chat requires membership (im.disk.file.commit, ACCESS_ERROR); reading it requires access
// to the task.
func barred(err error) bool {
	var e *bitrix.Error
	return errors.As(err, &e) && (e.Method == commit || e.Method == say) && e.Coded("ACCESS_ERROR", "ACCESS_DENIED")
}

// again sends the missing files of a comment once more, with its marker and without its text. It returns the files that
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
