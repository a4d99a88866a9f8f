package probe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// codeOf returns the portal's error code, or a word for another failure.
func codeOf(err error) string {
	var refusal *bitrix.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &refusal):
		return "no answer"
	case refusal.Code != "":
		return refusal.Code
	}
	return "HTTP " + strconv.Itoa(refusal.Status)
}

// ask asks all questions until the time is over.
func (r *run) ask(ctx context.Context) {
	r.askWho()
	files := r.askUploads(ctx)
	if !r.askTask(ctx, files) {
		return
	}
	for _, step := range []func(context.Context){
		r.askCard, r.askFilters, r.askComment, func(ctx context.Context) { r.askCommentFile(ctx, files) },
		func(ctx context.Context) { r.askTwoFiles(ctx, files) },
		r.askMessages, func(ctx context.Context) {
			r.askText(ctx, files)
		}, r.askOldList, r.askStatus, r.askV3, r.askContacts,
	} {
		if ctx.Err() != nil {
			return
		}
		step(ctx)
	}
}

func (r *run) askWho() {
	if r.me == 0 {
		r.unknown("webhook acts as its owner", "profile did not answer")
		return
	}
	r.found("webhook acts as its owner", r.me == r.Self, "user "+strconv.FormatInt(r.me, 10))
}

// content returns the content of the n-th test file.
func (r *run) content(n int) []byte {
	return fmt.Appendf(nil, "helpdesk check, file %d: \xd0\xb9\x00\xff\r\n%s", n+1,
		strings.Repeat(strconv.Itoa(n), 1000))
}

// askUploads uploads the test files and returns their ids on the Drive, 0 for a failed one.
func (r *run) askUploads(ctx context.Context) (files [fileCount]int64) {
	const name = "files can be uploaded"
	if r.folder == 0 {
		r.found(name, false, "no Drive")
		return files
	}
	for n := range files {
		var f diskFile
		err := r.call(ctx, "disk.folder.uploadfile",
			bitrix.With("id", r.folder).With("data", bitrix.With("NAME", r.fileName(n))).
				With("fileContent", bitrix.File{Name: r.fileName(n), Content: r.content(n)}), &f)
		if err != nil {
			r.found(name, false, codeOf(err))
			return files
		}
		files[n] = int64(f.ID)
	}
	r.found(name, true, "")
	return files
}

// askTask creates the task by REST v2 and checks its fields.
func (r *run) askTask(ctx context.Context, files [fileCount]int64) bool {
	deadline := r.Now().Add(24 * time.Hour).Truncate(time.Second)
	fields := bitrix.With("TITLE", r.title()).With("RESPONSIBLE_ID", r.me).With("XML_ID", "hdprobe-"+r.Mark).
		With("PRIORITY", 0).With("DEADLINE", deadline.UTC().Format(time.RFC3339)).With("AUDITORS", []int64{r.me})
	if len(r.Tags) > 0 {
		fields = fields.With("TAGS", r.Tags)
	}
	for name, value := range r.Fields {
		fields = fields.With(name, value)
	}
	if files[taskFile] != 0 {
		fields = fields.With("UF_TASK_WEBDAV_FILES", []string{"n" + strconv.FormatInt(files[taskFile], 10)})
	}
	var made struct {
		Task row `json:"task"`
	}
	err := r.call(ctx, "tasks.task.add", bitrix.With("fields", fields), &made)
	r.found(TaskIsMade, err == nil, codeOf(err))
	if err != nil {
		return false
	}
	r.task = int64(made.Task.ID)
	r.found("chat in the answer of a create", made.Task.Chat != 0, "")
	r.chat = int64(made.Task.Chat)
	r.askFields(ctx, deadline, files[taskFile] != 0)
	return true
}

// askFields reads the task back. It does not request CHAT_ID, which would create a missing chat.
func (r *run) askFields(ctx context.Context, deadline time.Time, file bool) {
	names := []string{"ID", "XML_ID", "PRIORITY", "DEADLINE", "AUDITORS", "TAGS", "UF_TASK_WEBDAV_FILES"}
	for name := range r.Fields {
		names = append(names, name)
	}
	var got struct {
		Task json.RawMessage `json:"task"`
	}
	if err := r.call(ctx, "tasks.task.get", bitrix.With("taskId", r.task).With("select", names), &got); err != nil {
		return
	}
	var t struct {
		XMLID    bitrix.Text     `json:"xmlId"`
		Priority bitrix.Text     `json:"priority"`
		Deadline bitrix.Time     `json:"deadline"`
		Auditors json.RawMessage `json:"auditors"`
		Tags     json.RawMessage `json:"tags"`
		Files    json.RawMessage `json:"ufTaskWebdavFiles"`
	}
	if bitrix.Into(got.Task, &t) != nil {
		return
	}
	r.found("task: XML_ID", string(t.XMLID) == "hdprobe-"+r.Mark, "")
	r.found("task: priority", t.Priority == "0", string(t.Priority))
	r.found("task: deadline", t.Deadline.Equal(deadline), "")
	r.found("task: auditors", len(bitrix.Rows[bitrix.ID](t.Auditors)) > 0, "")
	if len(r.Tags) > 0 {
		n := len(bitrix.Rows[json.RawMessage](t.Tags))
		r.found("task: tags", n >= len(r.Tags), fmt.Sprintf("%d of %d", n, len(r.Tags)))
	}
	if file {
		r.found("task: file", len(bitrix.Rows[bitrix.ID](t.Files)) > 0, "")
	}
	r.askCustom(got.Task)
}

func (r *run) askCustom(task json.RawMessage) {
	if len(r.Fields) == 0 {
		r.unknown("task: custom fields", "none is configured")
		return
	}
	var members map[string]bitrix.Text
	_ = json.Unmarshal(task, &members)
	kept := 0
	for name, value := range r.Fields {
		for member, got := range members {
			if strings.EqualFold(member, strings.ReplaceAll(name, "_", "")) && string(got) == value {
				kept++
			}
		}
	}
	r.found("task: custom fields", kept == len(r.Fields), fmt.Sprintf("%d of %d", kept, len(r.Fields)))
}

// askCard finds the task's chat.
func (r *run) askCard(ctx context.Context) {
	rows, err := r.list(ctx, bitrix.With("ID", r.task))
	if err == nil && len(rows) > 0 {
		r.found("chat in lists", rows[0].Chat != 0, "")
		r.chat = max(r.chat, int64(rows[0].Chat))
	}
	if r.chat == 0 {
		var t struct {
			Task row `json:"task"`
		}
		if r.call(ctx, "tasks.task.get", bitrix.With("taskId", r.task).With("select", []string{"ID", "CHAT_ID"}),
			&t) == nil {
			r.chat = int64(t.Task.Chat)
		}
	}
	if r.chat == 0 {
		r.chat = r.chatOf(ctx, row{ID: bitrix.ID(r.task)})
	}
	r.found("new card", r.chat != 0, "")
	if r.chat == 0 {
		for _, name := range []string{"chat in lists", "chat in the answer of a create"} {
			r.unknown(name, "the old card has none")
		}
	}
}

// askFilters checks that filters which match nothing return nothing.
func (r *run) askFilters(ctx context.Context) {
	none := func(name string, filter bitrix.Params) {
		rows, err := r.list(ctx, filter)
		if err != nil {
			r.unknown(name, codeOf(err))
			return
		}
		r.found(name, len(rows) == 0, "")
	}
	none("list by XML_ID", bitrix.With("XML_ID", "hdprobe-none-"+r.Mark))
	none("list by ACTIVITY_DATE", bitrix.With(">=ACTIVITY_DATE", r.Now().Add(48*time.Hour).UTC().Format(time.RFC3339)))
}
