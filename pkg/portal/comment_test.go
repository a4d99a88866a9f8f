package portal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// cards are the kinds of portals that must store a comment with files.
var cards = map[string]sandbox.PortalOptions{
	"old card":              {},
	"new card":              {NewCard: true},
	"new card, hidden":      {NewCard: true, ChatOnlyInGet: true},
	"new card, members":     {NewCard: true, ChatForMembers: true},
	"new card, another one": {NewCard: true, ActsAs: 9},
}

// withFiles returns a comment with two files on the Drive.
func withFiles(t *testing.T, c *Client, task, chat int64) desk.Effect {
	t.Helper()
	files := []desk.File{{Name: "a.txt", Size: 1}, {Name: "b.txt", Size: 1}}
	prep, err := c.Prepare(t.Context(), nil, files, contents("x", "y"))
	if err != nil || errors.Join(prep.Errs...) != nil {
		t.Fatal(err, prep.Errs)
	}
	for i := range files {
		files[i].Object = prep.Objects[i]
	}
	e := commentEffect(task, "hd-0011223344556677 the letter")
	e.Chat, e.Post.Files = chat, files
	return e
}

// shown returns the number of comments with our marker, and the names of their files.
func shown(p *sandbox.Portal, task int64) (comments int, files []string) {
	got, _ := p.Task(task)
	for _, m := range got.Comments {
		if strings.Contains(m.Text, "hd-0011223344556677") {
			comments++
			for _, f := range m.Files {
				files = append(files, string(f.Content))
			}
		}
	}
	slices.Sort(files)
	return comments, files
}

// The text and the files of a comment arrive once, whether the task's chat is known or not.
func TestFilesOfACommentAreThere(t *testing.T) {
	for name, o := range cards {
		for _, known := range []bool{true, false} {
			p, c := live(t, o)
			task := opened(t, c, 1)[0]
			made, _ := p.Task(task)
			e := withFiles(t, c, task, made.Chat)
			if !known {
				e.Chat = 0
			}
			m := c.Make(t.Context(), []desk.Effect{e})[0]
			if n, files := shown(p, task); m.Err != nil || n != 1 || fmt.Sprint(files) != "[x y]" ||
				len(m.Missing) > 0 {
				t.Errorf("%s, chat known %v: %d comments, files %q, %+v", name, known, n, files, m)
				continue
			}
			e.Chat = m.Chat
			sights, err := c.Look(t.Context(), []desk.Unconfirmed{{Effect: e, Comment: m.Comment}}, time.Now())
			if err != nil || !sights[0].There || len(sights[0].Missing) > 0 || sights[0].Err != nil {
				t.Errorf("%s: looked for in vain: %+v, %v", name, sights, err)
			}
		}
	}
}

// After a portal has been found to have the old card, it is not asked for chats again that day.
func TestOldCardIsAskedForChatsOnce(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	task := opened(t, c, 1)[0]
	e := withFiles(t, c, task, 0)
	for _, want := range []int{2, 1} {
		p.ResetCounts()
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil || p.Hits() != want {
			t.Error(m, p.Hits(), "requests, want", want)
		}
	}
}

func TestQuirkChatsTellWhatTheyTook(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true})
	task := opened(t, c, 1)[0]
	e := withFiles(t, c, task, 0)
	cmd := commentAdd(e) // the old method
	if m := readComment(e, cmd.Method, ran(t, c, cmd)); m.Err != nil {
		t.Fatal(m.Err)
	}
	if n, files := shown(p, task); n != 1 || len(files) != 0 {
		t.Error("the old method keeps files on the new card", n, files)
	}
}

func TestQuirkNumbersWithoutPrefix(t *testing.T) {
	got := comment(desk.Effect{
		Kind: desk.CommentTask,
		Task: 1,
		Chat: 5,
		Post: &desk.Post{Files: []desk.File{{Object: 9011}, {Object: 7}}},
	})
	if got.Method != commit || !strings.Contains(fmt.Sprint(got.Params), "{FILE_ID [9011 7]}") {
		t.Error(got)
	}
}

func TestQuirkChatIsMade(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	task := opened(t, c, 1)[0]
	p.Upgrade()
	m := c.Make(t.Context(), []desk.Effect{withFiles(t, c, task, 0)})[0]
	if n, files := shown(p, task); m.Err != nil || m.Chat == 0 || n != 1 || len(files) != 2 {
		t.Error(n, files, m)
	}
}

// If our user was removed from a task, it joins again to send files.
func TestQuirkFilesTakeMembership(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{
		NewCard: true,
		Users:   []sandbox.User{{ID: 1}, {ID: 7}, {ID: 9}, {ID: 17, Admin: true}},
	})
	task := opened(t, c, 1)[0]
	made, _ := p.Task(task)
	e := withFiles(t, c, task, made.Chat)
	p.RemoveUser(task)
	m := c.Make(t.Context(), []desk.Effect{e})[0]
	if n, files := shown(p, task); m.Err != nil || n != 1 || len(files) != 2 {
		t.Error(n, files, m)
	}
}

// A file that the chat skips is sent once more, and reported as missing if it is skipped again.
func TestFilesThatTheChatPassesOver(t *testing.T) {
	for _, times := range []int{1, 9} {
		left := times
		p, c := live(t, sandbox.PortalOptions{NewCard: true, Copies: func(name string) bool {
			if name != "b.txt" {
				return true
			}
			left--
			return left < 0
		}})
		task := opened(t, c, 1)[0]
		made, _ := p.Task(task)
		e := withFiles(t, c, task, made.Chat)
		m := c.Make(t.Context(), []desk.Effect{e})[0]
		_, files := shown(p, task)
		if lost := times > 1; m.Err != nil || lost != slices.Equal(m.Missing, []int{1}) || lost == (len(files) == 2) {
			t.Errorf("%d times: files %q, %+v", times, files, m)
		}
		sights, err := c.Look(t.Context(), []desk.Unconfirmed{{Effect: e, Comment: m.Comment}}, time.Now())
		if err != nil || !sights[0].There || !slices.Equal(sights[0].Missing, m.Missing) {
			t.Errorf("%+v %v", sights, err)
		}
	}
}

// If a chat accepts nothing, the comment has failed.
func TestChatThatTakesNothing(t *testing.T) {
	for _, detour := range []bool{false, true} {
		p, c := live(t, sandbox.PortalOptions{NewCard: true, Talks: func(string) bool { return false }})
		task := opened(t, c, 1)[0]
		made, _ := p.Task(task)
		e := commentEffect(task, "hd-0011223344556677 the letter")
		e.Chat, e.Detour = made.Chat, detour
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err == nil ||
			fault.Of(m.Err) == fault.Refused && fault.ExtentOf(m.Err) != fault.One {
			t.Error(detour, m)
		}
		sights, err := c.Look(t.Context(), []desk.Unconfirmed{{Effect: e}}, time.Now())
		if err != nil || sights[0].There || sights[0].Err != nil {
			t.Errorf("%+v %v", sights, err)
		}
	}
}

func TestQuirkTasksShowAttachments(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	files := withFiles(t, c, 1, 0).Post.Files
	one, two, none := openEffect("one", "a"), openEffect("two", "b"), openEffect("none", "c")
	two.Post.Files, none.Post.Files = files[:1], files // none of which arrives
	for _, e := range []*desk.Effect{&one, &two} {
		e.Task = c.Make(t.Context(), []desk.Effect{*e})[0].Task
	}
	none.Task = opened(t, c, 1)[0]
	none.Key = "key0"
	other := openEffect("another", "d") // another task has this number now
	other.Task = one.Task
	look := func() []desk.Sight {
		t.Helper()
		sights, err := c.Look(t.Context(),
			[]desk.Unconfirmed{{Effect: two}, {Effect: none}, {Effect: other}, {Effect: openEffect("gone", "e")}},
			time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return sights
	}
	sights := look()
	if !sights[0].There || sights[0].Missing != nil || !sights[1].There ||
		!slices.Equal(sights[1].Missing, []int{0, 1}) || sights[2].There || sights[3].There {
		t.Errorf("%+v", sights)
	}
	if err := c.Attach(t.Context(), none, []int{1}); err != nil {
		t.Fatal(err)
	}
	if sights = look(); !slices.Equal(sights[1].Missing, []int{0}) {
		t.Errorf("%+v", sights)
	}
	if task, _ := p.Task(none.Task); len(task.Files) != 1 {
		t.Error(task.Files)
	}
}

func TestQuirkFilesGetOtherNames(t *testing.T) {
	files := []desk.File{{
		Name:   "a.txt",
		Object: 1,
	}, {Name: "A.txt", Object: 2}, {Name: "x/y (1).pdf", Object: 3}, {Name: "gone"}, {Name: "b", Object: 4}}
	if got := absent(files, []string{"a (1).txt", "x_y (12).pdf", "a.txt", "c"}); !slices.Equal(got, []int{4}) {
		t.Error(got)
	}
}

// If a chat accepts none of the files, it gets the text, and the files are reported as missing.
func TestQuirkNothingIsPostedWithoutFiles(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true, Copies: func(string) bool { return false }})
	task := opened(t, c, 1)[0]
	made, _ := p.Task(task)
	m := c.Make(t.Context(), []desk.Effect{withFiles(t, c, task, made.Chat)})[0]
	if n, files := shown(p, task); m.Err != nil || n != 1 || len(files) != 0 || !slices.Equal(m.Missing, []int{0, 1}) {
		t.Error(n, files, m)
	}
}
