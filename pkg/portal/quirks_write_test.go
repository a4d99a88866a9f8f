package portal

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func TestQuirkTitleIsCutSilently(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := c.Make(t.Context(), []desk.Effect{openEffect("k", strings.Repeat("x", 300)), openEffect("l", "b")})[0].Task
	if got, _ := p.Task(id); len(got.Title) != maxTitle {
		t.Error(len(got.Title))
	}
	if got := cutTitle(strings.Repeat("x", 300)); len(got) != maxTitle {
		t.Error("it is cut by the portal alone")
	}
}

func TestQuirkControlIsDisapproved(t *testing.T) {
	for status, control := range map[int]string{4: "Y", 5: "N"} {
		p, c := live(t, sandbox.PortalOptions{})
		id := opened(t, c, 1)[0]
		if err := c.Call(t.Context(), "tasks.task.update",
			bitrix.With("taskId", id).With("fields", bitrix.With("TASK_CONTROL", control)), nil); err != nil {
			t.Fatal(err)
		}
		p.CloseTask(id, 7)
		if got, _ := p.Task(id); got.Status != status {
			t.Fatal(got.Status)
		}
		e := commentEffect(id, "again")
		e.Post.Reopen = true
		p.ResetCounts()
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil || p.Hits() != 1 {
			t.Error(m.Err, p.Hits())
		}
		if got, _ := p.Task(id); got.Status != 2 {
			t.Error(status, "stays", got.Status)
		}
		// an open task refuses both methods, which is harmless
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil {
			t.Error(m.Err)
		}
	}
}

func TestQuirkMarkIsKeptAndNotUnique(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	for range 2 {
		if m := c.Make(t.Context(), []desk.Effect{openEffect("same", "a"), openEffect("same", "a")})[0]; m.Err != nil {
			t.Fatal(m.Err)
		}
	}
	first := p.Tasks()[0]
	found, err := c.Find(t.Context(), []desk.Effect{openEffect("same", "a")}, time.Now())
	if err != nil || len(p.Tasks()) != 4 || first.XMLID != "hd-same" || found[0].Task != first.ID {
		t.Error(err, found, first)
	}
}

func TestQuirkDeadlineHasAnOffset(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	e := openEffect("k", "a")
	e.Post.Fields.Due = time.Date(2026, 3, 13, 9, 0, 0, 0, time.UTC)
	id := c.Make(t.Context(), []desk.Effect{e, openEffect("l", "b")})[0].Task
	if got, _ := p.Task(id); !got.Deadline.Equal(e.Post.Fields.Due) {
		t.Error(got.Deadline)
	}
}

func TestQuirkPrefixOfDriveObjects(t *testing.T) {
	files := []desk.File{{Name: "not taken"}, {Name: "a", Object: 9011}}
	if got := objects(files); !slices.Equal(got, []string{"n9011"}) {
		t.Error(got)
	}
}

func TestQuirkCommentOnBothCards(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{}, {NewCard: true, NoV3: true}} {
		p, c := live(t, o)
		id := opened(t, c, 1)[0]
		if m := c.Make(t.Context(), []desk.Effect{commentEffect(id, "hd-0011223344556677 x")})[0]; m.Err != nil {
			t.Fatal(m.Err)
		}
		got, _ := p.Task(id)
		if last := got.Comments[len(got.Comments)-1]; last.Chat != o.NewCard || !strings.Contains(last.Text, " x") {
			t.Errorf("%+v", last)
		}
	}
}

func TestQuirkZeroIsNoComment(t *testing.T) {
	for body, want := range map[string]int64{"3141": 3141, `"3141"`: 3141} {
		m := readComment(commentEffect(8, "x"), "task.commentitem.add", bitrix.Answer{Result: []byte(body)})
		if m.Err != nil || m.Comment != want || m.Task != 8 {
			t.Error(body, m)
		}
	}
	for _, body := range []string{"", "null", "false", "true", "0", `"0"`, `""`, "[]", "{}"} {
		for _, method := range []string{"task.commentitem.add", say, commit} {
			tells(t, readComment(commentEffect(8, "x"), method, bitrix.Answer{Result: []byte(body)}).Err,
				told{fault.Unsure, fault.One})
		}
	}
}

func TestQuirkFilesArePassedOver(t *testing.T) {
	e := commentEffect(8, "x")
	e.Chat, e.Post.Files = 5, []desk.File{{Name: "a", Object: 9011}, {Name: "lost"}, {Name: "b", Object: 9012}}
	for body, want := range map[string][]int{
		`{"FILES":{"disk9011":{"id":9051},"disk9012":{"id":0}},"DISK_ID":[9051],"MESSAGE_ID":84910}`:     {2},
		`{"FILES":{"disk9011":{"id":9051}},"DISK_ID":[9051],"MESSAGE_ID":84910}`:                         {2},
		`{"FILES":{"disk9011":{"id":9051},"disk9012":{"id":7}},"DISK_ID":[9051,7],"MESSAGE_ID":"84910"}`: nil,
		`{"FILES":[],"DISK_ID":[9051,7],"MESSAGE_ID":84910}`:                                             nil,
		`{"FILES":[],"DISK_ID":[],"MESSAGE_ID":84910}`:                                                   {0, 2},
	} {
		m := readComment(e, commit, bitrix.Answer{Result: []byte(body)})
		if m.Err != nil || m.Comment != 84910 || !slices.Equal(m.Missing, want) {
			t.Errorf("%s: %+v", body, m)
		}
	}
}

func TestQuirkNoFilesByV3(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true})
	prep, err := c.Prepare(t.Context(), nil, []desk.File{{
		Name: "a.txt",
		Size: 1,
	}, {Name: "b.txt", Size: 1}}, contents("x", "y"))
	if err != nil {
		t.Fatal(err)
	}
	open := openEffect("o", "a")
	open.Post.Files = []desk.File{{Object: prep.Objects[0]}}
	task := c.Make(t.Context(), []desk.Effect{open})[0]
	if task.Err != nil {
		t.Fatal(task.Err)
	}
	comment := commentEffect(task.Task, "hd-0011223344556677 x")
	comment.Post.Files = []desk.File{{Object: prep.Objects[1]}}
	if m := c.Make(t.Context(), []desk.Effect{comment})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
	got, _ := p.Task(task.Task)
	if last := got.Comments[len(got.Comments)-1]; len(got.Files) != 1 || len(last.Files) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestQuirkOldCardRefusesV3(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	if m := c.Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0]; m.Err != nil || len(p.Tasks()) != 1 {
		t.Error(m.Err)
	}
	refused := false
	for _, k := range p.Calls() {
		refused = refused || k.V3 && k.Error == "ACCESSDENIEDEXCEPTION"
	}
	if !refused {
		t.Error("the portal did not refuse")
	}
}

func TestQuirkCreatorIsGiven(t *testing.T) {
	p, c := live(t, newCard())
	made := c.Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0]
	if list, _ := keys(p); made.Err != nil || fmt.Sprint(list) != "[tasks.task.add hd-k]" {
		t.Fatal(made.Err, list)
	}
	if got, _ := p.Task(made.Task); got.Creator != 17 {
		t.Errorf("%+v", got)
	}
}

// methods returns the called methods in order, including those in batches.
func methods(p *sandbox.Portal) (list []string) {
	for _, k := range p.Calls() {
		if k.Method != "batch" {
			list = append(list, map[bool]string{true: "v3 "}[k.V3]+k.Method)
		}
	}
	return list
}

// manifold returns an effect whose task has tags, an observer and a participant.
func manifold(key string) desk.Effect {
	e := openEffect(key, "a")
	f := e.Post.Fields
	f.Tags, f.Auditors, f.Accomplices = []string{"helpdesk", "Почта"}, []int64{9}, []int64{1}
	return e
}

// What a portal does with related objects is found out once a day, and no task loses its tags or people.
func TestQuirkRelatedObjects(t *testing.T) {
	for _, tt := range []struct {
		portal sandbox.V3Related
		kept   bool
		calls  string
	}{
		{sandbox.V3RelatedKept, true, "v3 tasks.task.add, tasks.task.list, v3 tasks.task.add, v3 tasks.task.add"},
		{sandbox.V3RelatedLocked, false, "v3 tasks.task.add, tasks.task.add, tasks.task.add, tasks.task.add"},
		{sandbox.V3RelatedRefused, false, "v3 tasks.task.add, tasks.task.add, tasks.task.add, tasks.task.add"},
		{
			sandbox.V3RelatedLost,
			false,
			"v3 tasks.task.add, tasks.task.list, tasks.task.update, tasks.task.add, tasks.task.add",
		},
	} {
		t.Run(string(tt.portal), func(t *testing.T) {
			values := map[string]string{}
			p, c := live(t, sandbox.PortalOptions{NewCard: true, V3Related: tt.portal}, saved(values))
			for i := range 3 {
				made := c.Make(t.Context(), []desk.Effect{manifold(fmt.Sprint("k", i))})[0]
				if made.Err != nil {
					t.Fatal(made.Err)
				}
				got, _ := p.Task(made.Task)
				if fmt.Sprint(got.Tags, got.Auditors, got.Accomplices, got.Creator) != "[helpdesk Почта] [9] [1] 17" {
					t.Errorf("%+v", got)
				}
			}
			if got := strings.Join(methods(p), ", "); got != tt.calls {
				t.Error(got, "want", tt.calls)
			}
			if want := fmt.Sprintf(`{"accomplices":%[1]t,"auditors":%[1]t,"tags":%[1]t}`,
				tt.kept); values[savedKept] != want {
				t.Error(values[savedKept], "want", want)
			}
		})
	}
}

// A portal that fails on related objects fails once a day: the task is in doubt, is looked for, and then made by REST
// v2.
func TestRelatedObjectsThatThePortalFailsOver(t *testing.T) {
	p, c := live(t, newCard())
	p.Inject(func(k *sandbox.Call) sandbox.Fault {
		if k.V3 {
			return sandbox.Fault{Kind: sandbox.ServerError}
		}
		return sandbox.Fault{}
	})
	tells(t, c.Make(t.Context(), []desk.Effect{manifold("k")})[0].Err, told{fault.Unsure, fault.Server})
	if m := c.Make(t.Context(), []desk.Effect{manifold("k")})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
	if got := p.Tasks(); len(got) != 1 || len(got[0].Tags) != 2 {
		t.Errorf("%+v", got)
	}
}

// A lost connection says nothing about what the portal accepts.
func TestLostConnectionIsNoSignOfRelatedObjects(t *testing.T) {
	values := map[string]string{}
	p, c := live(t, sandbox.PortalOptions{NewCard: true, V3Related: sandbox.V3RelatedKept}, saved(values))
	p.Inject(func(k *sandbox.Call) sandbox.Fault {
		if k.V3 && len(p.Tasks()) == 0 {
			return sandbox.Fault{Kind: sandbox.Drop, After: true}
		}
		return sandbox.Fault{}
	})
	tells(t, c.Make(t.Context(), []desk.Effect{manifold("k")})[0].Err, told{fault.Unsure, fault.Server})
	if m := c.Make(t.Context(), []desk.Effect{manifold("k")})[0]; m.Err != nil || len(p.Tasks()) != 1 {
		t.Fatal(m.Err, len(p.Tasks()))
	}
	if _, replayed := keys(p); replayed != 1 || !strings.Contains(values[savedKept], `"tags":true`) {
		t.Error(replayed, values)
	}
}

func TestQuirkTagsStandInTheList(t *testing.T) {
	for _, body := range []string{
		`{"35":{"id":35,"title":"HelpDesk"},"36":{"id":36,"title":"почта"}}`,
		`[{"id":35,"title":"HelpDesk"},{"id":36,"title":"почта"}]`,
	} {
		s := testkit.NewScript(t, testkit.Answer(200,
			`{"result":{"tasks":[{"id":"7","tags":`+body+`,"auditors":{"1":"9"},"accomplices":["1"]}]}}`))
		has, err := client(t, s).relatedOf(t.Context(), 7)
		slices.Sort(has["tags"])
		if err != nil || fmt.Sprint(has) != "map[accomplices:[1] auditors:[9] tags:[helpdesk почта]]" {
			t.Error(has, err)
		}
	}
}

func TestQuirkUniqueNames(t *testing.T) {
	_, c := live(t, sandbox.PortalOptions{})
	p, err := c.Prepare(t.Context(), nil, []desk.File{{
		Name: "a.txt",
		Size: 1,
	}, {Name: "a.txt", Size: 1}}, contents("x", "y"))
	if err != nil || p.Errs[0] != nil || p.Errs[1] != nil || p.Objects[0] == p.Objects[1] {
		t.Error(p, err)
	}
}

func TestQuirkUploadsPassInBatch(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{}, saved(map[string]string{savedFolder: "8930"}))
	if prep, err := c.Prepare(t.Context(), nil, []desk.File{{
		Name: "a+b.txt",
		Size: 2,
	}}, contents("\xff\xfe")); err != nil || prep.Errs[0] != nil {
		t.Fatal(prep, err)
	}
	batched := false
	for _, k := range p.Calls() {
		batched = batched || k.Batch && k.Method == "disk.folder.uploadfile"
	}
	if !batched || p.Hits() != 1 {
		t.Error(p.Hits())
	}
}

func TestQuirkIDAndFileID(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":{"ID":9011,"FILE_ID":32877}},"result_error":[]}}`))
	p, err := client(t, s, saved(map[string]string{savedFolder: "1"})).Prepare(t.Context(), nil, []desk.File{{
		Name: "a",
		Size: 1,
	}}, contents("x"))
	if err != nil || p.Objects[0] != 9011 {
		t.Error(p, err)
	}
}

func TestServerBoundsAFile(t *testing.T) {
	values := map[string]string{savedFolder: "1"}
	s := testkit.NewScript(t, testkit.Answer(413, "<html>"), testkit.Answer(413, "<html>"))
	file := []desk.File{{Name: "a", Size: 3 << 20}}
	text := strings.Repeat("x", 3<<20)
	for range 2 {
		p, err := client(t, s, saved(values)).Prepare(t.Context(), nil, file, contents(text))
		if err != nil {
			t.Fatal(err)
		}
		tells(t, p.Errs[0], told{fault.Refused, fault.One})
	}
	if values[savedInline] != fmt.Sprint(maxInline/4) {
		t.Error(values[savedInline])
	}
	var third *testkit.Script // three megabytes exceed the limit of a batch now, so they are sent by themselves
	third = testkit.NewScript(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"result":{"result":{"c0":{"field":"file","uploadUrl":"%s/u"}},"result_error":[]}}`, third.URL)
	}, testkit.Answer(413, "<html>"))
	p, err := client(t, third, saved(values)).Prepare(t.Context(), nil, file, contents(text))
	if err != nil {
		t.Fatal(err)
	}
	tells(t, p.Errs[0], told{fault.Never, fault.One}) // this one file is too large and is left behind
}

// Until a slow portal has reported that a task takes a second, one request must not contain more tasks than it has time
// for.
func TestQuirkFirstBacklogOfASlowPortal(t *testing.T) {
	const second = time.Second
	p, c := live(t, sandbox.PortalOptions{RequestLimit: 60 * second, NoLimit: true}, saved(map[string]string{}),
		func(o *Options) { o.Timeout = 30 * second })
	opened(t, c, 50)
	adds := 0
	for _, k := range p.Calls() {
		switch {
		case k.Method == "batch":
			adds = 0
		case k.Method == "tasks.task.add":
			if adds++; adds > 27 {
				t.Fatal("more work in one request than it may run")
			}
		}
	}
	if p.Hits() < 2 {
		t.Error(p.Hits())
	}
}

// Custom fields that a portal requires are sent, with a single task as well as with many.
func TestQuirkNoCustomFieldsByV3(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{MandatoryField: "UF_BRANCH"}, {
		MandatoryField: "UF_BRANCH",
		NewCard:        true,
	}} {
		p, c := live(t, o)
		one, two := openEffect("k", "a"), openEffect("l", "b")
		for _, e := range []desk.Effect{one, two} {
			e.Post.Fields.Custom = map[string]string{"UF_BRANCH": "Tula"}
		}
		for _, effects := range [][]desk.Effect{{one}, {one, two}} {
			if m := c.Make(t.Context(), effects)[0]; m.Err != nil {
				t.Error(m.Err)
			}
		}
		for _, k := range p.Calls() {
			if k.V3 {
				t.Error(k.Method)
			}
		}
	}
}

func TestQuirkActiveOfAnyForm(t *testing.T) {
	for body, gone := range map[string]bool{
		`[{"ID":"7","ACTIVE":true}]`: false, `[{"ID":"7","ACTIVE":"Y"}]`: false, `[{"ID":"7"}]`: false,
		`[{"ID":"7","ACTIVE":false}]`: true, `[{"ID":"7","ACTIVE":"N"}]`: true, `[]`: true,
		`[{"ID":"8","ACTIVE":true}]`: true,
	} {
		s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":{"c0":`+body+`}}}`))
		if got, err := client(t, s).Dismissed(t.Context(), 7); err != nil || got != gone {
			t.Error(body, got, err)
		}
	}
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":[],"result_error":{"c0":{"error":"insufficient_scope"}}}}`))
	if _, err := client(t, s).Dismissed(t.Context(), 7); err == nil {
		t.Error("it is known without the scope")
	}
}
