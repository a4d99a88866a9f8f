package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// modes are the kinds of portals for every round trip.
var modes = map[string]sandbox.PortalOptions{
	"old card":           {},
	"old card, filters":  {ActivityFilterIgnored: true, NoV3: true},
	"new card":           {NewCard: true},
	"new card, no list":  {NewCard: true, GetListFails: true},
	"new card, no chats": {NewCard: true, ChatOnlyInGet: true},
	"hidden and failing": {NewCard: true, ChatOnlyInGet: true, GetListFails: true},
}

// quick is the remembered speed of a fast portal.
const quick = `{"tasks.task.add":0.01,"task.commentitem.add":0.01,"im.message.add":0.01,"im.disk.file.commit":0.01,"disk.folder.uploadfile":0.01}`

// live returns a sandbox portal and a client that already knows who it is.
func live(t *testing.T, o sandbox.PortalOptions, change ...func(*Options)) (*sandbox.Portal, *Client) {
	t.Helper()
	p := sandbox.NewPortal(o)
	webhook, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	opts := Options{Options: bitrix.Options{Webhook: webhook, Timeout: 5 * time.Second}}
	saved(map[string]string{"portal.times": quick})(&opts)
	for _, f := range change {
		f(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if o.ActsAs == 0 {
		o.ActsAs = 17
	}
	c.meet(o.ActsAs)
	return p, c
}

// opened makes tasks and returns their numbers.
func opened(t *testing.T, c *Client, n int) []int64 {
	t.Helper()
	var effects []desk.Effect
	for i := range n {
		effects = append(effects, openEffect(fmt.Sprintf("key%d", i), fmt.Sprintf("task %d", i)))
	}
	var ids []int64
	for _, m := range c.Make(t.Context(), effects) {
		if m.Err != nil {
			t.Fatal(m.Err)
		}
		ids = append(ids, m.Task)
	}
	return ids
}

func people(comments []desk.Comment, self int64) []string {
	var texts []string
	for _, m := range comments {
		if !m.System && !m.Bot && !m.Guest && !m.Deleted && m.Author != self && !strings.Contains(m.Text, "[USER=") {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func TestRoundTrip(t *testing.T) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			o.Contacts = []sandbox.Contact{{
				ID:         275,
				Name:       "Иван",
				SecondName: "Петрович",
				LastName:   "Сидоров",
				Emails:     []string{"ivan@example.ru"},
			}}
			p, c := live(t, o)
			ctx := t.Context()
			start, err := c.Changes(ctx, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			files := []desk.File{{Name: "журнал+1.txt", Size: 7}}
			prep, err := c.Prepare(ctx, []string{"ivan@example.ru", "no@example.ru"}, files, contents("a+b/c=%"))
			if err != nil || prep.Errs[0] != nil {
				t.Fatal(err, prep.Errs)
			}
			if diff := cmp.Diff(desk.Profile{
				Name:   "Иван Петрович",
				CRM:    []string{"C_275"},
				Source: "bitrix24",
			}, prep.Profiles["ivan@example.ru"]); diff != "" || len(prep.Profiles) != 1 {
				t.Error(diff, prep.Profiles)
			}
			e := openEffect("00112233445566778899aabbccddeeff", "Не & печатает + #1 = 100% 😀")
			e.Post.Text = "[B]текст[/B] & $result[x] 50% + 1\nстрока"
			e.Post.Fields = &desk.Fields{Responsible: 7, Tags: []string{"helpdesk"}, Priority: "high",
				Auditors: []int64{9},
				Deadline: time.Hour, Due: time.Now().Add(time.Hour), CRM: prep.Profiles["ivan@example.ru"].CRM}
			e.Post.Files = []desk.File{{Object: prep.Objects[0]}}
			made := c.Make(ctx, []desk.Effect{e})[0]
			if made.Err != nil {
				t.Fatal(made.Err)
			}
			got, _ := p.Task(made.Task)
			if got.Title != e.Post.Title || got.Description != e.Post.Text || got.XMLID != desk.TaskMark(e.Key) ||
				got.Responsible != 7 ||
				!slices.Equal(got.CRM, []string{"C_275"}) || !slices.Contains(got.Tags, "helpdesk") ||
				got.Priority != 2 || !slices.Equal(got.Auditors, []int64{9}) ||
				time.Until(got.Deadline).Round(time.Minute) != time.Hour {
				t.Errorf("%+v", got)
			}
			if len(got.Files) != 1 || got.Files[0].Name != "журнал+1.txt" || string(got.Files[0].Content) != "a+b/c=%" {
				t.Errorf("%+v", got.Files)
			}
			answerAndRead(t, p, c, made, start.Now)
			closeAndComment(t, p, c, made)
		})
	}
}

// answerAndRead adds a specialist's answer and reads it as notify does.
func answerAndRead(t *testing.T, p *sandbox.Portal, c *Client, made desk.Made, since time.Time) {
	t.Helper()
	ctx := t.Context()
	p.SaySystem(made.Task, 7, "[USER=7]x[/USER], срок")
	p.Say(made.Task, 7, "Перезагрузите [B]принтер[/B]", sandbox.File{Name: "шаг 1.png", Content: []byte("picture")})
	ch, err := c.Changes(ctx, since.Add(-time.Minute))
	if err != nil || len(ch.Tasks) != 1 || ch.Tasks[0].Status != desk.Open || ch.Now.Before(since) {
		t.Fatalf("%+v %v", ch, err)
	}
	talks, err := c.Talks(ctx, []desk.Watch{{Task: made.Task, Chat: max(made.Chat, ch.Tasks[0].Chat)}})
	if err != nil || talks[0].Err != nil {
		t.Fatal(err, talks)
	}
	if diff := cmp.Diff([]string{"Перезагрузите [B]принтер[/B]"}, people(talks[0].Comments, c.Self())); diff != "" {
		t.Fatal(diff)
	}
	last := talks[0].Comments[len(talks[0].Comments)-1]
	if last.Name == "" || last.At.IsZero() || len(last.Files) != 1 || last.Files[0].Name != "шаг 1.png" ||
		last.Files[0].Size != 7 {
		t.Fatalf("%+v", last)
	}
	var b bytes.Buffer
	if err := c.Download(ctx, last.Files[0], &b); err != nil || b.String() != "picture" {
		t.Error(err, b.String())
	}
	again, err := c.Talks(ctx, []desk.Watch{{Task: made.Task, Chat: talks[0].Chat, Last: last.ID}})
	if err != nil || again[0].Err != nil || len(people(again[0].Comments, c.Self())) != 0 {
		t.Error(err, again)
	}
}

// closeAndComment closes the task, comments on it, which reopens it, and looks for the comment.
func closeAndComment(t *testing.T, p *sandbox.Portal, c *Client, made desk.Made) {
	t.Helper()
	ctx := t.Context()
	p.CloseTask(made.Task, 7)
	states, err := c.States(ctx, []int64{made.Task, 999999})
	if err != nil || len(states) != 1 || states[made.Task].Status != desk.Done || states[made.Task].ClosedAt.IsZero() {
		t.Fatal(states, err)
	}
	repeat := commentEffect(made.Task, "[B]hd-0011223344556677[/B]\nопять & $total + 1")
	repeat.Post.Reopen = true
	if m := c.Make(ctx, []desk.Effect{repeat})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
	got, _ := p.Task(made.Task)
	if last := got.Comments[len(got.Comments)-1]; got.Status != 2 || last.Text != repeat.Post.Text ||
		last.Author != c.Self() {
		t.Errorf("%+v", got)
	}
	other := commentEffect(made.Task, "x")
	other.Post.Marker = "hd-ffffffffffffffff"
	found, err := c.Find(ctx, []desk.Effect{repeat, other}, time.Now().Add(-time.Minute))
	if err != nil || found[0].Err != nil || found[0].Comment == 0 || found[1].Comment+found[1].Task != 0 ||
		found[1].Err != nil {
		t.Errorf("%+v %v", found, err)
	}
}

func TestCommentOnBothCardsWithFiles(t *testing.T) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			p, c := live(t, o)
			id := opened(t, c, 1)[0]
			prep, err := c.Prepare(t.Context(), nil, []desk.File{{
				Name: "a.txt",
				Size: 1,
			}, {Name: "a.txt", Size: 1}}, contents("x", "y"))
			if err != nil || prep.Errs[0] != nil || prep.Errs[1] != nil {
				t.Fatal(prep, err)
			}
			e := commentEffect(id, "plain")
			e.Post.Files = []desk.File{{Object: prep.Objects[0]}, {Object: prep.Objects[1]}}
			if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil {
				t.Fatal(m.Err)
			}
			task, _ := p.Task(id)
			last := task.Comments[len(task.Comments)-1]
			if len(last.Files) != 2 || last.Chat != o.NewCard {
				t.Errorf("%+v", last)
			}
		})
	}
}

func TestLargeFileOnThePortal(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id, size := opened(t, c, 1)[0], int64(maxInline+5)
	prep, err := c.Prepare(t.Context(), nil, []desk.File{{Name: "big", Size: size}}, func(int) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, size)), nil
	})
	if err != nil || prep.Errs[0] != nil {
		t.Fatal(err, prep.Errs)
	}
	e := commentEffect(id, "x")
	e.Post.Files = []desk.File{{Object: prep.Objects[0]}}
	if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
	task, _ := p.Task(id)
	if f := task.Comments[len(task.Comments)-1].Files; len(f) != 1 || int64(len(f[0].Content)) != size {
		t.Error(len(f))
	}
}

// TestUnsureIsFound makes every ambiguous fault happen after the portal has done its work, and finds that work.
func TestUnsureIsFound(t *testing.T) {
	kinds := map[string]sandbox.Fault{
		"drop": {Kind: sandbox.Drop, After: true}, "gateway": {Kind: sandbox.BadGateway, After: true},
		"internal": {Kind: sandbox.ServerError, After: true},
	}
	for mode, o := range modes {
		for kind, f := range kinds {
			for _, done := range []bool{true, false} {
				t.Run(fmt.Sprint(mode, kind, done), func(t *testing.T) {
					f.After = done
					p, c := live(t, o)
					task := opened(t, c, 1)[0]
					effects := []desk.Effect{openEffect("k", "a"), commentEffect(task, "b")}
					p.Inject(func(k *sandbox.Call) sandbox.Fault {
						if k.Method == "batch" {
							return f
						}
						return sandbox.Fault{}
					})
					for _, m := range c.Make(t.Context(), effects) {
						tells(t, m.Err, told{fault.Unsure, fault.Server})
					}
					p.Inject(nil)
					found, err := c.Find(t.Context(), effects, time.Now())
					if err != nil || found[0].Err != nil || found[1].Err != nil {
						t.Fatal(err, found)
					}
					if (found[0].Task != 0) != done || (found[1].Comment != 0) != done {
						t.Error(found)
					}
				})
			}
		}
	}
}

func TestMigratedTask(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, c, 1)[0]
	old := p.Say(id, 7, "before")
	p.Upgrade()
	p.Say(id, 7, "after")
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id, Last: old}})
	if err != nil || talks[0].Err != nil || talks[0].Chat == 0 {
		t.Fatal(err, talks)
	}
	if diff := cmp.Diff([]string{"after"}, people(talks[0].Comments, c.Self())); diff != "" {
		t.Error(diff)
	}
}

func TestTaskGoneAndAccessLost(t *testing.T) {
	for name, o := range modes {
		t.Run(name, func(t *testing.T) {
			p, c := live(t, o)
			ids := opened(t, c, 2)
			p.DeleteTask(ids[0])
			p.RemoveUser(ids[1])
			made := c.Make(t.Context(), []desk.Effect{commentEffect(ids[0], "a"), commentEffect(ids[1], "b")})
			tells(t, made[0].Err, told{fault.Never, fault.One})
			states, err := c.States(t.Context(), ids)
			if err != nil || len(states) > 1 {
				t.Error(states, err)
			}
			talks, err := c.Talks(t.Context(), []desk.Watch{{Task: ids[0]}, {Task: ids[1]}})
			if err != nil || talks[0].Err == nil {
				t.Error(talks, err)
			}
		})
	}
}

// Invalid bytes in a text make the portal lose the whole request: every way of sending a text removes them.
func TestTextIsCleanedOnEveryWay(t *testing.T) {
	for way, o := range map[string]sandbox.PortalOptions{"alone": {NewCard: true}, "alone, old card": {}, "batch": {}} {
		p, c := live(t, o)
		e := openEffect("k", "a\x00b\xff😀 \xf0\x9f")
		e.Post.Text = "line\x00\n\xc3 ж 👍🏽"
		if e.Post.Fields.CRM = []string{"C_1\x00"}; way == "batch" {
			e.Post.Fields.Tags = []string{"tag\x00\xff"}
		}
		effects := []desk.Effect{e, openEffect("l", "plain")}
		if way != "batch" {
			effects = effects[:1]
		}
		made := c.Make(t.Context(), effects)
		if made[0].Err != nil {
			t.Fatal(made[0].Err)
		}
		got, _ := p.Task(made[0].Task)
		if got.Title != "ab\uFFFD😀 \uFFFD" || got.Description != "line\n\uFFFD ж 👍🏽" || got.CRM[0] != "C_1" {
			t.Errorf("%s: %q %q %q", way, got.Title, got.Description, got.CRM)
		}
		if way == "batch" && !slices.Equal(got.Tags, []string{"tag\uFFFD"}) {
			t.Errorf("tags %q", got.Tags)
		}
		for _, effects := range [][]desk.Effect{{commentEffect(made[0].Task, "x\x00\xff")}, {
			commentEffect(made[0].Task, "x\x00\xff"),
			openEffect("m", "a"),
		}} {
			if m := c.Make(t.Context(), effects)[0]; m.Err != nil {
				t.Fatal(m.Err)
			}
			got, _ = p.Task(made[0].Task)
			if last := got.Comments[len(got.Comments)-1].Text; last != "x\uFFFD\n\nhd-0011223344556677" {
				t.Errorf("%s: %q", way, last)
			}
		}
	}
}

// Counting is expensive for the portal, and we do not use totals.
func TestListsAreNotCounted(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range []sandbox.PortalOptions{{}, {NewCard: true}} {
		p, c := live(t, o, func(o *Options) { o.Results = true })
		ids := opened(t, c, 2)
		at := p.Say(ids[0], 7, "done", sandbox.File{Name: "a", Content: []byte("x")})
		p.MarkResult(ids[0], at)
		c.Check(t.Context(), Want{Users: []int64{7}, CRM: true})
		_, changes := c.Changes(t.Context(), time.Now().Add(-time.Hour))
		_, states := c.States(t.Context(), ids)
		_, found := c.Find(t.Context(), []desk.Effect{openEffect("key0", "x"), commentEffect(ids[0], "x")}, time.Now())
		_, talks := c.Talks(t.Context(), []desk.Watch{{Task: ids[0], Last: at}, {Task: ids[1]}})
		_, prepared := c.Prepare(t.Context(), []string{"a@b.ru"}, nil, nil)
		if err := errors.Join(changes, states, found, talks, prepared); err != nil {
			t.Fatal(err)
		}
		for _, k := range p.Calls() {
			switch k.Method {
			case "tasks.task.list", "crm.contact.list", "user.get":
				if seen[k.Method] = true; !k.V3 && k.Params.Str("start") != "-1" {
					t.Errorf("%s from %q", k.Method, k.Params.Str("start"))
				}
			}
		}
	}
	if len(seen) != 3 {
		t.Error("called are only", seen)
	}
}

// ran returns the answer to one call.
func ran(t *testing.T, c *Client, cmd bitrix.Command) bitrix.Answer {
	t.Helper()
	answers, err := c.Batch(t.Context(), []bitrix.Command{cmd})
	if err != nil {
		t.Fatal(err)
	}
	return answers[0]
}
