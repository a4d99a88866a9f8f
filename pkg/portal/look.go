package portal

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
)

// Look reports whether the portal shows what it answered to have made since then: tasks by their number and mark,
// comments by their number or marker, and the files of both. It makes one request if the chats are known and everything
// fits into a batch.
func (c *Maker) Look(ctx context.Context, made []desk.Unconfirmed, since time.Time) ([]desk.Sight, error) {
	l := &looking{c: c, made: made, sights: make([]desk.Sight, len(made)),
		since:    since.Add(-overlap - c.behind()).Truncate(time.Second),
		readings: map[int64]*reading{}, attached: map[int][]bitrix.ID{}}
	p := c.Plan()
	l.askTasks(p)
	l.askComments(p)
	if err := p.Run(ctx); err != nil {
		return nil, fmt.Errorf("look at what was made: %w", err)
	}
	if err := c.readChats(ctx, l.list); err != nil {
		return nil, fmt.Errorf("look at what was made: %w", err)
	}
	l.judgeComments()
	if err := l.nameFiles(ctx); err != nil {
		return nil, fmt.Errorf("look at files: %w", err)
	}
	return l.sights, nil
}

// looking is one run of Look.
type looking struct {
	c        *Maker
	made     []desk.Unconfirmed
	sights   []desk.Sight
	since    time.Time
	readings map[int64]*reading // by task
	list     []*reading
	attached map[int][]bitrix.ID // attachments of tasks that show fewer files than were sent
}

// shownTask is a task with its files.
//
// QUIRK: ufTaskWebdavFiles contains the numbers of attachments, not of Drive objects (disk/attached-object).
type shownTask struct {
	task
	Files       json.RawMessage `json:"ufTaskWebdavFiles"`
	Description bitrix.Text     `json:"description"`
}

// askTasks asks for the tasks, fifty per command. It asks for their long texts only if a text is to be compared.
func (l *looking) askTasks(p *bitrix.Plan) {
	at := map[int64]int{}
	var ids []int64
	fields, texts := []string{"ID", "XML_ID", "CHAT_ID", "UF_TASK_WEBDAV_FILES"}, false
	for i, m := range l.made {
		if m.Effect.Kind != desk.OpenTask {
			continue
		}
		at[m.Effect.Task] = i
		ids = append(ids, m.Effect.Task)
		texts = texts || m.Letters > 0
	}
	if texts {
		fields = append(fields, "DESCRIPTION")
	}
	for part := range slices.Chunk(ids, pageSize) {
		p.Add(bitrix.Do("tasks.task.list", bitrix.With("filter", bitrix.With("ID", part)).
			With("select", fields).With("order", bitrix.With("ID", "asc")).With("start", -1)),
			func(a bitrix.Answer) { l.takeTasks(a, part, at) })
	}
}

func (l *looking) takeTasks(a bitrix.Answer, ids []int64, at map[int64]int) {
	var r struct {
		Tasks []shownTask `json:"tasks"`
	}
	err := a.Err
	if err == nil {
		err = bitrix.Into(a.Result, &r)
	}
	if err != nil {
		for _, id := range ids {
			l.sights[at[id]].Err = err
		}
		return
	}
	for _, t := range r.Tasks {
		i, asked := at[int64(t.ID)]
		if !asked {
			continue
		}
		e := l.made[i].Effect
		// On a portal restored from a backup, the number may belong to another task.
		l.sights[i].There = t.XMLID == "" || string(t.XMLID) == desk.TaskMark(e.Key)
		l.sights[i].Letters = desk.Letters(string(t.Description))
		if shown := bitrix.Rows[bitrix.ID](t.Files); len(shown) < len(numbers(e.Post.Files)) {
			l.attached[i] = shown
		}
	}
}

// askComments asks for the comments of the tasks that got comments.
func (l *looking) askComments(p *bitrix.Plan) {
	for _, m := range l.made {
		if m.Effect.Kind != desk.CommentTask || l.readings[m.Effect.Task] != nil {
			continue
		}
		r := &reading{task: m.Effect.Task, chat: m.Effect.Chat, own: true, since: l.since}
		l.readings[r.task], l.list = r, append(l.list, r)
		r.ask(p)
	}
}

func (l *looking) judgeComments() {
	for i, m := range l.made {
		r := l.readings[m.Effect.Task]
		if m.Effect.Kind != desk.CommentTask {
			continue
		}
		var shown []string
		var texts []int // number of letters in each comment found
		for _, comment := range r.comments {
			marked := desk.Carries(comment.Text, m.Effect.Post.Marker)
			if !marked && !l.numbered(m, comment) {
				continue
			}
			if comment.Deleted {
				l.sights[i].Deleted = true
				continue
			}
			l.sights[i].There = true
			texts = append(texts, desk.Letters(comment.Text))
			for _, f := range comment.Files {
				shown = append(shown, f.Name)
			}
		}
		for _, n := range texts { // a comment that only adds missing files has no text
			l.sights[i].Letters = max(l.sights[i].Letters, n)
		}
		for _, n := range texts {
			if n > l.sights[i].Letters/2 {
				l.sights[i].Times++
			}
		}
		if err := r.failure(); err != nil && !l.sights[i].There {
			l.sights[i].Err = err
			continue
		}
		l.sights[i].Missing = absent(m.Effect.Post.Files, shown)
	}
}

// numbered reports whether a comment without the marker has the number of the comment that was made: that one was
// deleted, or somebody removed its marker. On a portal restored from a backup the number may belong to another comment.
func (l *looking) numbered(m desk.Unconfirmed, c desk.Comment) bool {
	return c.ID == m.Comment && slices.Contains(l.c.Users(), c.Author) && (c.Deleted || !desk.CarriesAny(c.Text))
}

// nameFiles asks for the names of attachments if a task shows fewer files than were sent.
func (l *looking) nameFiles(ctx context.Context) error {
	p := l.c.Plan()
	names := map[int][]string{}
	for i, ids := range l.attached {
		names[i] = nil
		for _, id := range ids {
			p.Add(bitrix.Do("disk.attachedObject.get", bitrix.With("id", int64(id))), func(a bitrix.Answer) {
				var o struct {
					Name bitrix.Text `json:"NAME"`
				}
				if a.Err == nil && bitrix.Into(a.Result, &o) == nil {
					names[i] = append(names[i], string(o.Name))
				}
			})
		}
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	for i, shown := range names {
		l.sights[i].Missing = absent(l.made[i].Effect.Post.Files, shown)
	}
	return nil
}

// counted matches what the portal appends to a file name that is already in use.
var counted = lazy.Regexp(` \(\d+\)$`)

// stem returns a file name in the form for comparison.
func stem(name string) string {
	end := path.Ext(name)
	return strings.ToLower(counted().ReplaceAllString(strings.TrimSuffix(name, end), "") + end)
}

// absent returns the indices of those files that are not among the shown names.
//
// QUIRK: the portal may rename a file, "a (1).txt" for "a.txt" (disk/folder/disk-folder-upload-file).
func absent(files []desk.File, shown []string) []int {
	var stems []string
	for _, name := range shown {
		stems = append(stems, stem(name))
	}
	var missing []int
	for i, f := range files {
		if f.Object == 0 {
			continue
		}
		if at := slices.Index(stems, stem(driveName(f.Name))); at >= 0 {
			stems = slices.Delete(stems, at, at+1)
		} else {
			missing = append(missing, i)
		}
	}
	return missing
}

// Attach adds the missing files to an existing task or comment. Only another Look shows whether it succeeded.
func (c *Maker) Attach(ctx context.Context, e desk.Effect, missing []int) error {
	if e.Kind == desk.CommentTask {
		c.again(ctx, e, missing)
		return nil
	}
	p := c.Plan()
	for _, i := range missing {
		p.Add(bitrix.Do("tasks.task.files.attach",
			bitrix.With("taskId", e.Task).With("fileId", e.Post.Files[i].Object)), func(a bitrix.Answer) {
			if a.Err != nil {
				c.log.Warn("portal: file not attached", "task", e.Task, "err", a.Err)
			}
		})
	}
	return p.Run(ctx)
}
