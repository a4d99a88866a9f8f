package probe

import (
	"context"
	"slices"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// The test files: two for a comment, one for the task.
const (
	firstFile = iota
	secondFile
	taskFile
	fileCount
)

func (r *asker) fileName(n int) string {
	return "helpdesk-check-" + r.Mark + "-" + strconv.Itoa(n+1) + ".txt"
}

func (r *asker) title() string { return "helpdesk check " + r.Mark + ", may be deleted" }

// ours reports whether a title or name contains our mark.
func (r *asker) ours(name string) bool { return strings.Contains(name, r.Mark) }

// rounds is the number of times the tasks are listed before those still there count as left over.
const rounds = 5

// sweep removes every task and file with our mark. A task is removed after its files, because its chat leads to them:
// if the program dies in between, the next run finds them. It returns the number of removed objects, and a list of
// those that could not be removed.
func (r *asker) sweep(ctx context.Context) (gone int, left []string, err error) {
	r.findFolder(ctx)
	for range rounds {
		tasks, err := r.marked(ctx)
		if err != nil {
			return gone, left, err
		}
		if len(tasks) == 0 {
			n, stuck := r.removeUploads(ctx)
			return gone + n, stuck, nil
		}
		left = nil
		for _, t := range tasks {
			n, stuck := r.removeTask(ctx, t)
			gone, left = gone+n, append(left, stuck...)
		}
		if len(left) > 0 {
			break
		}
	}
	n, stuck := r.removeUploads(ctx)
	return gone + n, append(left, stuck...), nil
}

// row is a task in a list.
type row struct {
	ID       bitrix.ID   `json:"id"`
	Title    bitrix.Text `json:"title"`
	XMLID    bitrix.Text `json:"xmlId"`
	Chat     bitrix.ID   `json:"chatId"`
	Status   bitrix.ID   `json:"status"`
	Activity bitrix.Time `json:"activityDate"`
	Changed  bitrix.Time `json:"changedDate"`
}

// list lists tasks. The portal may ignore the filter, so callers check the rows.
func (r *asker) list(ctx context.Context, filter bitrix.Params) ([]row, error) {
	var answer struct {
		Tasks json.RawMessage `json:"tasks"`
	}
	err := r.call(ctx, "tasks.task.list", bitrix.Params{
		{Name: "filter", Value: filter}, {Name: "order", Value: bitrix.With("ID", "desc")},
		{
			Name:  "select",
			Value: []string{"ID", "TITLE", "XML_ID", "CHAT_ID", "STATUS", "ACTIVITY_DATE", "CHANGED_DATE"},
		},
		{Name: "start", Value: -1},
	}, &answer)
	return bitrix.Rows[row](answer.Tasks), err
}

// marked returns the tasks with our mark in their title.
func (r *asker) marked(ctx context.Context) ([]row, error) {
	rows, err := r.list(ctx, bitrix.With("TITLE", "%"+r.Mark+"%"))
	return slices.DeleteFunc(rows, func(t row) bool { return !r.ours(string(t.Title)) }), err
}

// removeTask removes the files of a task's chat and then the task.
func (r *asker) removeTask(ctx context.Context, t row) (gone int, left []string) {
	for _, f := range r.chatFiles(ctx, r.chatOf(ctx, t)) {
		if r.ours(string(f.Name)) {
			gone, left = r.removeFile(ctx, int64(f.ID), gone, left)
		}
	}
	if err := r.call(ctx, "tasks.task.delete", bitrix.With("taskId", int64(t.ID)), nil); err != nil {
		return gone, append(left, "task "+strconv.FormatInt(int64(t.ID), 10))
	}
	return gone + 1, left
}

// chatOf returns the chat of a task, 0 if there is none. It uses no method that would create one.
func (r *asker) chatOf(ctx context.Context, t row) int64 {
	if t.Chat != 0 {
		return int64(t.Chat)
	}
	var chat struct {
		ID bitrix.ID `json:"ID"`
	}
	_ = r.call(ctx, "im.chat.get", bitrix.With("ENTITY_TYPE", "TASKS_TASK").With("ENTITY_ID", int64(t.ID)), &chat)
	return int64(chat.ID)
}

func (r *asker) removeFile(ctx context.Context, id int64, gone int, left []string) (int, []string) {
	if err := r.call(ctx, "disk.file.delete", bitrix.With("id", id), nil); err != nil &&
		codeOf(err) != "ERROR_NOT_FOUND" {
		return gone, append(left, "file "+strconv.FormatInt(id, 10))
	}
	return gone + 1, left
}

// removeUploads removes uploaded files that are not attached to anything.
func (r *asker) removeUploads(ctx context.Context) (gone int, left []string) {
	if r.folder == 0 {
		return 0, nil
	}
	for n := range fileCount {
		name := r.fileName(n)
		var found []diskFile
		_ = r.call(ctx, "disk.folder.getchildren",
			bitrix.With("id", r.folder).With("filter", bitrix.With("NAME", name)), &found)
		for _, f := range found {
			if string(f.Name) == name {
				gone, left = r.removeFile(ctx, int64(f.ID), gone, left)
			}
		}
	}
	return gone, left
}

// diskFile is a file of the Drive.
type diskFile struct {
	ID   bitrix.ID   `json:"ID"`
	Name bitrix.Text `json:"NAME"`
	URL  bitrix.Text `json:"DOWNLOAD_URL"`
}

// findFolder finds the folder for uploads: the root of the acting user's Drive.
func (r *asker) findFolder(ctx context.Context) {
	if r.folder != 0 {
		return
	}
	var who struct {
		ID bitrix.ID `json:"ID"`
	}
	if r.call(ctx, "profile", nil, &who) != nil {
		return
	}
	r.me = int64(who.ID)
	var storages []struct {
		Root bitrix.ID `json:"ROOT_OBJECT_ID"`
	}
	filter := bitrix.With("ENTITY_TYPE", "user").With("ENTITY_ID", r.me)
	if r.call(ctx, "disk.storage.getlist", bitrix.With("filter", filter), &storages) == nil && len(storages) > 0 {
		r.folder = int64(storages[0].Root)
	}
}
