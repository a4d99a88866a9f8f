package portal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestFigures counts the requests of whole jobs, which the portal limits.
func TestFigures(t *testing.T) {
	known := map[string]string{"portal.times": quick}
	withFolder := func(o *Options) { saved(known)(o) }
	{
		_, c := live(t, sandbox.PortalOptions{}, withFolder) // the folder is looked up once a day
		if _, err := c.Prepare(t.Context(), nil, []desk.File{{
			Name: "a",
			Size: 1,
		}}, contents("a")); err != nil || c.Hits() != 2 {
			t.Fatal(err, c.Hits())
		}
	}
	for name, job := range map[string]struct {
		letters, files, most int
	}{"50 letters": {50, 0, 2}, "20 letters with files": {20, 20, 2}, "1000 letters": {1000, 0, 42}} {
		p, c := live(t, sandbox.PortalOptions{}, withFolder)
		for done := 0; done < job.letters; done += 50 {
			letters(t, c, done, min(50, job.letters-done), job.files)
		}
		if p.Hits() > job.most || len(p.Tasks()) != job.letters || c.Hits() != p.Hits() {
			t.Errorf("%s: %d hits, %d tasks, want %d", name, p.Hits(), len(p.Tasks()), job.most)
		}
		t.Logf("%s: %d hits", name, p.Hits())
	}
	for mode, o := range modes {
		notified(t, mode, o)
	}
	{
		p, c := live(t, sandbox.PortalOptions{})
		opened(t, c, 120)
		p.ResetCounts()
		var effects []desk.Effect
		for i := range 120 {
			effects = append(effects, openEffect(fmt.Sprintf("key%d", i), ""))
		}
		found, err := c.Find(t.Context(), effects, time.Now())
		if err != nil || found[119].Task == 0 || p.Hits() != 3 { // pages of 50
			t.Error("recovery", err, p.Hits())
		}
	}
}

// letters makes the calls of a pass for so many new letters.
func letters(t *testing.T, c *Client, from, n, files int) {
	t.Helper()
	var addresses []string
	var effects []desk.Effect
	var list []desk.File
	for i := from; i < from+n; i++ {
		addresses = append(addresses, fmt.Sprintf("a%d@b.ru", i))
		effects = append(effects, openEffect(fmt.Sprintf("k%d", i), "text"))
	}
	var texts []string
	for i := range files {
		list, texts = append(list, desk.File{
			Name: fmt.Sprintf("f%d", i),
			Size: 100 << 10,
		}), append(texts, strings.Repeat("x", 100<<10))
	}
	if _, err := c.Prepare(t.Context(), addresses, list, contents(texts...)); err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Make(t.Context(), effects) {
		if m.Err != nil {
			t.Fatal(m.Err)
		}
	}
}

// notified reads 40 changed tasks of many, and then none.
func notified(t *testing.T, mode string, o sandbox.PortalOptions) {
	t.Helper()
	clock := sandbox.NewClock(time.Now())
	o.Now, o.NoLimit = clock.Now, true
	p, c := live(t, o)
	ids := opened(t, c, 300)
	clock.Advance(time.Hour)
	since := clock.Now()
	for _, id := range ids[:40] {
		p.Say(id, 7, "answer")
	}
	clock.Advance(time.Minute) // dates are written late
	p.ResetCounts()
	ch, err := c.Changes(t.Context(), since)
	if err != nil || len(ch.Tasks) != 40 || p.Hits() != 1 {
		t.Fatal(mode, err, len(ch.Tasks), p.Hits())
	}
	var ws []desk.Watch
	for _, s := range ch.Tasks {
		ws = append(ws, desk.Watch{Task: s.Task, Chat: s.Chat})
	}
	talks, err := c.Talks(t.Context(), ws)
	if err != nil {
		t.Fatal(mode, err)
	}
	for _, talk := range talks {
		if talk.Err != nil || len(people(talk.Comments, c.Self())) != 1 {
			t.Fatal(mode, talk)
		}
	}
	most := 2
	if o.ChatOnlyInGet { // the first time the chats must be asked for; later they are known
		most = 5
	}
	if p.Hits() > most {
		t.Errorf("%s: notify of 40 changed tasks took %d hits", mode, p.Hits())
	}
	t.Logf("%s: notify of 40 changed tasks: %d hits", mode, p.Hits())
	clock.Advance(time.Hour)
	p.ResetCounts()
	if ch, err = c.Changes(t.Context(), clock.Now()); err != nil || len(ch.Tasks) != 0 || p.Hits() != 1 {
		t.Error(mode, "idle", err, len(ch.Tasks), p.Hits())
	}
}
