package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// Fetcher downloads a file from an address of the portal.
type Fetcher interface {
	Fetch(ctx context.Context, addr string, size int64, w io.Writer) error
}

// said is a comment as read back, on either card.
type said struct {
	id    int64
	text  string
	files []diskFile
}

// word returns a unique text that identifies a comment.
func (r *run) word(n string) string { return "helpdesk check " + n + " " + r.Mark }

// with returns the comment that contains the word.
func with(all []said, word string) (said, bool) {
	for _, s := range all {
		if strings.Contains(s.text, word) {
			return s, true
		}
	}
	return said{}, false
}

// comments reads the comments of the task.
func (r *run) comments(ctx context.Context) ([]said, error) {
	if r.chat != 0 {
		return r.messages(ctx, r.chat)
	}
	var rows []struct {
		ID    bitrix.ID       `json:"ID"`
		Text  bitrix.Text     `json:"POST_MESSAGE"`
		Files json.RawMessage `json:"ATTACHED_OBJECTS"`
	}
	err := r.call(ctx, "task.commentitem.getlist",
		bitrix.With("TASKID", r.task).With("ORDER", bitrix.With("ID", "asc")), &rows)
	var all []said
	for _, c := range rows {
		all = append(all, said{int64(c.ID), string(c.Text), bitrix.Rows[diskFile](c.Files)})
	}
	return all, err
}

// messages reads a chat.
func (r *asker) messages(ctx context.Context, chat int64) ([]said, error) {
	var answer struct {
		Messages []struct {
			ID     bitrix.ID       `json:"id"`
			Text   bitrix.Text     `json:"text"`
			Params json.RawMessage `json:"params"`
		} `json:"messages"`
		Files []struct {
			ID   bitrix.ID   `json:"id"`
			Name bitrix.Text `json:"name"`
		} `json:"files"`
	}
	err := r.call(ctx, "im.dialog.messages.search", bitrix.With("CHAT_ID", chat).With("LAST_ID", 0).
		With("ORDER", bitrix.With("ID", "ASC")).With("LIMIT", 200), &answer)
	names := map[bitrix.ID]diskFile{}
	for _, f := range answer.Files {
		names[f.ID] = diskFile{ID: f.ID, Name: f.Name}
	}
	var all []said
	for _, m := range answer.Messages {
		s := said{id: int64(m.ID), text: string(m.Text)}
		var params struct {
			Files []bitrix.ID `json:"FILE_ID"`
		}
		_ = bitrix.Into(m.Params, &params)
		for _, id := range params.Files {
			f := names[id]
			f.ID = id
			s.files = append(s.files, f)
		}
		all = append(all, s)
	}
	return all, err
}

// chatFiles returns the files of a chat's messages, or none if the chat cannot be read.
func (r *asker) chatFiles(ctx context.Context, chat int64) (files []diskFile) {
	if chat == 0 {
		return nil
	}
	all, _ := r.messages(ctx, chat)
	for _, s := range all {
		files = append(files, s.files...)
	}
	return files
}

// arrives creates a comment and reports whether it can be read back.
func (r *run) arrives(ctx context.Context, question, word string, make func() error) (said, bool) {
	if err := make(); err != nil {
		r.found(question, false, codeOf(err))
		return said{}, false
	}
	all, err := r.comments(ctx)
	if err != nil {
		r.unknown(question, codeOf(err))
		return said{}, false
	}
	s, ok := with(all, word)
	r.found(question, ok, "")
	return s, ok
}

func (r *run) comment(ctx context.Context, fields bitrix.Params, result any) error {
	return r.call(ctx, "task.commentitem.add", bitrix.With("TASKID", r.task).With("FIELDS", fields), result)
}

// dialog returns the dialog id of the task's chat.
func (r *run) dialog() string { return "chat" + strconv.FormatInt(r.chat, 10) }

// askComment creates a comment by the method of the old card and watches the dates.
func (r *run) askComment(ctx context.Context) {
	var answer bitrix.ID
	word := r.word("comment")
	var s said
	arrived := false
	m := r.moved(ctx, "comment", func() {
		s, arrived = r.arrives(ctx, "comment arrives", word, func() error {
			return r.comment(ctx, bitrix.With("POST_MESSAGE", word), &answer)
		})
	})
	if arrived {
		r.found("comment answers its id", int64(answer) == s.id, map[bool]string{
			true:  "0",
			false: "a number",
		}[answer == 0])
		r.found("a comment moves ACTIVITY_DATE", m.Activity != never, m.Activity)
		if m.Activity != never {
			r.found("ACTIVITY_DATE at once", m.Activity == atOnce, m.Activity)
		}
	}
}

// askCommentFile creates a comment with a file by the method of the old card.
func (r *run) askCommentFile(ctx context.Context, files [fileCount]int64) {
	const question = "comment with a file"
	if files[firstFile] == 0 {
		r.unknown(question, "no upload")
		return
	}
	word := r.word("with a file")
	fields := bitrix.With("POST_MESSAGE", word).With("UF_FORUM_MESSAGE_DOC",
		[]string{"n" + strconv.FormatInt(files[firstFile], 10)})
	if s, ok := r.arrives(ctx, question, word, func() error { return r.comment(ctx, fields, nil) }); ok {
		r.found(question, len(s.files) == 1, fmt.Sprintf("%d of 1", len(s.files)))
	}
}

// askTwoFiles creates a comment with two files, as for a repeat letter, and compares their bytes.
func (r *run) askTwoFiles(ctx context.Context, files [fileCount]int64) {
	const question = "two files of a repeat letter"
	if files[secondFile] == 0 {
		r.unknown(question, "no upload")
		return
	}
	word := r.word("two files")
	send := func() error {
		if r.chat != 0 {
			return r.call(ctx, "im.disk.file.commit", bitrix.With("CHAT_ID", r.chat).
				With("FILE_ID", []int64{files[firstFile], files[secondFile]}).With("MESSAGE", word), nil)
		}
		return r.comment(ctx, bitrix.With("POST_MESSAGE", word).With("UF_FORUM_MESSAGE_DOC",
			[]string{"n" + strconv.FormatInt(files[firstFile], 10), "n" + strconv.FormatInt(files[secondFile], 10)}),
			nil)
	}
	var s said
	ok := false
	r.moved(ctx, "comment with files", func() { s, ok = r.arrives(ctx, question, word, send) })
	if !ok {
		return
	}
	whole := 0
	for _, f := range s.files {
		for n := range fileCount {
			if bytes.Equal(r.fetched(ctx, f), r.content(n)) {
				whole++
			}
		}
	}
	r.found(question, len(s.files) == 2 && whole == 2, fmt.Sprintf("%d of 2, %d whole", len(s.files), whole))
}

// fetched returns the content of a file, or nil if it cannot be read.
func (r *run) fetched(ctx context.Context, f diskFile) []byte {
	if f.URL == "" {
		if r.call(ctx, "disk.file.get", bitrix.With("id", int64(f.ID)), &f) != nil {
			return nil
		}
	}
	var b bytes.Buffer
	if r.Portal.Fetch(ctx, string(f.URL), 0, &b) != nil {
		return nil
	}
	return b.Bytes()
}

// askMessages writes to the chat by each of the two methods that only write a message.
func (r *run) askMessages(ctx context.Context) {
	if r.chat == 0 {
		r.unknown("message by im.message.add", "the old card has no chat")
		r.unknown("message by REST v3", "the old card has no chat")
		return
	}
	word := r.word("message")
	r.moved(ctx, "message", func() {
		r.arrives(ctx, "message by im.message.add", word, func() error {
			return r.call(ctx, "im.message.add", bitrix.With("DIALOG_ID", r.dialog()).With("MESSAGE", word), nil)
		})
	})
	other := r.word("by REST v3")
	r.arrives(ctx, "message by REST v3", other, func() error {
		return r.callV3(ctx, "tasks.task.chat.message.send",
			bitrix.With("fields", bitrix.With("taskId", r.task).With("text", other)), nil)
	})
}

// askText writes texts that a portal may store differently.
func (r *run) askText(ctx context.Context, files [fileCount]int64) {
	if r.chat == 0 {
		r.unknown("chat texts as they were sent", "the old card has no chat")
		r.unknown("[DISK=n] is only text", "the old card has no chat")
		return
	}
	send := func(question, text, word string) (said, bool) {
		return r.arrives(ctx, question, word, func() error {
			return r.call(ctx, "im.message.add", bitrix.With("DIALOG_ID", r.dialog()).With("MESSAGE", text), nil)
		})
	}
	word := r.word("text")
	text := word + " https://example.com/a &lt;b&gt;"
	if s, ok := send("chat texts as they were sent", text, word); ok {
		r.found("chat texts as they were sent", s.text == text, "")
	}
	if files[firstFile] == 0 {
		r.unknown("[DISK=n] is only text", "no upload")
		return
	}
	word = r.word("file by name")
	if s, ok := send("[DISK=n] is only text", fmt.Sprintf("%s [DISK=%d]", word, files[firstFile]), word); ok {
		r.found("[DISK=n] is only text", len(s.files) == 0, "")
	}
}

// askOldList reads comments by the method of the old card.
func (r *run) askOldList(ctx context.Context) {
	const question = "old method lists comments"
	var rows []json.RawMessage
	if err := r.call(ctx, "task.commentitem.getlist", bitrix.With("TASKID", r.task), &rows); err != nil {
		r.found(question, false, codeOf(err))
		return
	}
	r.found(question, len(rows) > 0, fmt.Sprintf("%d", len(rows)))
}
