package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/bitrix"
	sandbox "helpdesk/pkg/sandbox/portal"
)

const mark = "5f2c0a91b3d4"

// world is an embedded portal and a client with the same clock.
type world struct {
	*sandbox.Portal
	client *bitrix.Client
	clock  *sandbox.Clock
}

func newWorld(t *testing.T, o sandbox.PortalOptions) *world {
	t.Helper()
	clock := sandbox.NewClock(time.Date(2026, 8, 20, 9, 0, 0, 0, time.UTC))
	o.Now, o.NoLimit = clock.Now, true
	if o.Contacts == nil {
		o.Contacts = []sandbox.Contact{{
			ID:     5,
			Name:   "Ivan",
			Emails: []string{"ivan@customer.example"},
		}, {ID: 6, Name: "Olga", Emails: []string{"olga@customer.example"}}}
	}
	p := sandbox.NewPortal(o)
	w := &world{Portal: p, clock: clock}
	w.client = w.dial(t, nil)
	return w
}

// RoundTrip implements http.RoundTripper. It calls the portal without a network.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	return rec.Result(), nil
}

func (w *world) dial(t *testing.T, through http.RoundTripper) *bitrix.Client {
	t.Helper()
	if through == nil {
		through = w
	}
	c, err := bitrix.New(bitrix.Options{Webhook: "http://127.0.0.1/rest/17/" + w.Code() + "/",
		Timeout: 5 * time.Second, Now: w.clock.Now, Burst: 100_000,
		HTTP:  &http.Client{Transport: through},
		Sleep: func(_ context.Context, d time.Duration) error { w.clock.Advance(d); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) subject(c *bitrix.Client) Subject {
	return Subject{Portal: c, Self: c.Owner(), Mark: mark, Tags: []string{"helpdesk"}, Now: w.clock.Now,
		Sleep: func(ctx context.Context, d time.Duration) error { w.clock.Advance(d); return ctx.Err() }}
}

// verdicts returns the verdicts by name.
func verdicts(r *Report) map[string]Verdict {
	all := map[string]Verdict{}
	for _, f := range r.Findings {
		all[f.Name] = f.Verdict
	}
	return all
}

// differences returns the names whose verdicts differ.
func differences(a, b map[string]Verdict) []string {
	var names []string
	for name := range maps.Keys(a) {
		if a[name] != b[name] {
			names = append(names, name+" "+string(b[name]))
		}
	}
	slices.Sort(names)
	return names
}

func probed(t *testing.T, o sandbox.PortalOptions, change func(*Subject)) (*world, *Report) {
	t.Helper()
	w := newWorld(t, o)
	s := w.subject(w.client)
	if change != nil {
		change(&s)
	}
	report, err := Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if tasks, files := w.Tasks(), w.Files(); len(tasks) > 0 || len(files) > 0 || len(report.Left) > 0 {
		t.Errorf("left: %v, %d tasks, %d files", report.Left, len(tasks), len(files))
	}
	return w, report
}

// TestEveryModeIsTold runs the probe on each kind of portal and checks how the results differ from those of an ordinary
// portal.
func TestEveryModeIsTold(t *testing.T) {
	real := sandbox.PortalOptions{NewCard: true}
	_, report := probed(t, real, nil)
	ordinary := verdicts(report)
	dates := []Movement{{
		"comment",
		later,
		never,
	}, {
		"comment with files",
		later,
		never,
	}, {"message", later, never}, {"complete", later, atOnce}, {"renew", later, atOnce}}
	if !slices.Equal(report.Dates, dates) {
		t.Errorf("dates %v, want %v", report.Dates, dates)
	}
	for _, q := range questions {
		if _, ok := ordinary[q.name]; !ok {
			t.Errorf("%s is not told", q.name)
		}
	}
	for name, c := range map[string]struct {
		change  func(o *sandbox.PortalOptions)
		subject func(s *Subject)
		want    []string
	}{
		"no REST v3": {change: func(o *sandbox.PortalOptions) { o.NoV3 = true },
			want: []string{"REST v3 dropped", "a key makes one task unknown", "message by REST v3 dropped",
				"tags and people by REST v3 unknown"}},
		"no keys": {change: func(o *sandbox.PortalOptions) {
			o.NoIdempotency = true
		}, want: []string{"a key makes one task dropped"}},
		"lists by v3": {change: func(o *sandbox.PortalOptions) {
			o.V3Related = sandbox.V3RelatedKept
		}, want: []string{"tags and people by REST v3 kept"}},
		"no filter": {change: func(o *sandbox.PortalOptions) {
			o.ActivityFilterIgnored = true
		}, want: []string{"list by ACTIVITY_DATE dropped"}},
		"a demanded field": {change: func(o *sandbox.PortalOptions) { o.MandatoryField = "UF_AUTO_1" },
			subject: func(s *Subject) { s.Fields = map[string]string{"UF_AUTO_1": "x"} },
			want:    []string{"a key makes one task dropped", "task: custom fields kept"}},
		"chats only by get": {change: func(o *sandbox.PortalOptions) { o.ChatOnlyInGet = true },
			want: []string{"chat in lists dropped", "chat in the answer of a create dropped"}},
		"silent system": {change: func(o *sandbox.PortalOptions) {
			o.SilentSystem = true
		}, want: []string{"closing moves ACTIVITY_DATE dropped"}},
		"dates at once": {change: func(o *sandbox.PortalOptions) {
			o.ActivityAtOnce = true
		}, want: []string{"ACTIVITY_DATE at once kept"}},
		"a small plan": {change: func(o *sandbox.PortalOptions) {
			o.SmallPlan = true
		}, want: []string{"task: auditors dropped"}},
		"acts as another": {change: func(o *sandbox.PortalOptions) {
			o.ActsAs = 1
		}, want: []string{"webhook acts as its owner dropped"}},
		"copies no file": {change: func(o *sandbox.PortalOptions) {
			o.Copies = func(n string) bool { return !strings.Contains(n, "-2") }
		}, want: []string{"two files of a repeat letter dropped"}},
		"a chat that takes nothing": {change: func(o *sandbox.PortalOptions) {
			o.Talks = func(string) bool { return false }
		},
			want: []string{"ACTIVITY_DATE at once unknown", "a comment moves ACTIVITY_DATE unknown",
				"comment answers its id unknown",
				"comment arrives dropped", "message by REST v3 dropped", "message by im.message.add dropped",
				"two files of a repeat letter dropped"}},
		"no CRM": {change: func(o *sandbox.PortalOptions) {
			o.Scopes = []string{"task", "tasks", "im", "disk"}
		}, want: []string{"CRM finds two addresses unknown", "CRM finds whole addresses unknown"}},
		"no Drive": {change: func(o *sandbox.PortalOptions) { o.Scopes = []string{"task", "tasks", "im", "crm"} },
			want: []string{"[DISK=n] is only text unknown", "comment with a file unknown",
				"files can be uploaded dropped", "task: file unknown", "two files of a repeat letter unknown"}},
		"the old card": {change: func(o *sandbox.PortalOptions) { o.NewCard = false }, want: []string{
			"ACTIVITY_DATE at once kept", "[DISK=n] is only text unknown", "a key makes one task dropped",
			"chat in lists unknown",
			"chat in the answer of a create unknown", "chat texts as they were sent unknown",
			"comment with a file kept",
			"message by REST v3 unknown", "message by im.message.add unknown", "new card dropped",
			"old method lists comments kept"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := real
			c.change(&o)
			_, got := probed(t, o, c.subject)
			if diff := differences(ordinary, verdicts(got)); !slices.Equal(diff, c.want) {
				t.Errorf("it differs by\n%q, want\n%q", diff, c.want)
				for _, f := range got.Findings {
					t.Log(f.Verdict, f.Name, f.Found)
				}
			}
		})
	}
}

var errDead = errors.New("the process has ended")

// death lets left requests through and fails all later ones. The first failing one may still reach the portal.
type death struct {
	w       *world
	left    int
	reaches bool
}

func (d *death) RoundTrip(req *http.Request) (*http.Response, error) {
	d.left--
	switch {
	case d.left >= 0:
		return d.w.RoundTrip(req)
	case d.left == -1 && d.reaches:
		_, _ = d.w.RoundTrip(req)
	}
	return nil, errDead
}

// TestADeathLeavesNothing ends the probe before and after each writing request. The next run removes the remains.
func TestADeathLeavesNothing(t *testing.T) {
	for card, o := range map[string]sandbox.PortalOptions{
		"old card": {}, "new card": {NewCard: true, V3Related: sandbox.V3RelatedKept},
		"chats only by get": {NewCard: true, ChatOnlyInGet: true},
	} {
		t.Run(card, func(t *testing.T) {
			w := newWorld(t, o)
			w.bystander(t)
			w.ResetCounts()
			if _, err := Run(t.Context(), w.subject(w.client)); err != nil {
				t.Fatal(err)
			}
			littered, writes := 0, 0
			for n, c := range w.Calls() {
				if reading(c.Method) {
					continue
				}
				writes++
				for _, reaches := range []bool{false, true} {
					if diesAt(t, o, n, reaches) {
						littered++
					}
				}
			}
			if littered < writes {
				t.Errorf("of %d requests that change something, %d deaths left something", writes, littered)
			}
		})
	}
}

func reading(method string) bool {
	for _, end := range []string{".list", ".get", ".getlist", ".search", ".getchildren", "profile", "download"} {
		if strings.HasSuffix(method, end) {
			return true
		}
	}
	return false
}

// diesAt ends a probe at a request, runs another probe, and reports whether the first one left anything.
func diesAt(t *testing.T, o sandbox.PortalOptions, n int, reaches bool) (littered bool) {
	t.Helper()
	w := newWorld(t, o)
	bystander := w.bystander(t)
	dead, err := Run(t.Context(), w.subject(w.dial(t, &death{w: w, left: n, reaches: reaches})))
	littered = len(w.Tasks()) > 1 || len(w.Files()) > 1
	if littered && err == nil && len(dead.Left) == 0 {
		t.Errorf("dead at request %d: the report says nothing of it", n)
	}
	report, err := Run(t.Context(), w.subject(w.client))
	if err != nil || len(report.Left) > 0 || littered && report.Before == 0 {
		t.Fatalf("after request %d: %v, left %v, %d removed first", n, err, report.Left, report.Before)
	}
	if tasks, files := w.Tasks(), w.Files(); len(tasks) != 1 || tasks[0].ID != bystander || len(files) != 1 {
		t.Fatalf("dead at request %d (it reaches the portal: %v): %d tasks and %d files are left", n, reaches,
			len(tasks), len(files))
	}
	return littered
}

// bystander creates a task and a file that look like the probe's but are not.
func (w *world) bystander(t *testing.T) int64 {
	t.Helper()
	var made struct {
		Task struct {
			ID bitrix.ID `json:"id"`
		} `json:"task"`
	}
	title := "helpdesk check 000000000000, may be deleted"
	err := w.client.Call(t.Context(), "tasks.task.add",
		bitrix.With("fields", bitrix.With("TITLE", title).With("RESPONSIBLE_ID", 7)), &made)
	if err != nil {
		t.Fatal(err)
	}
	w.Say(int64(made.Task.ID), 17, "see", sandbox.File{Name: "helpdesk-check-1.txt", Content: []byte("x")})
	return int64(made.Task.ID)
}

// TestAnEndedContextCleansUp ends ctx in the middle of the probe.
func TestAnEndedContextCleansUp(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	ctx, cancel := context.WithCancel(t.Context())
	w.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "im.disk.file.commit" {
			cancel()
		}
		return sandbox.Fault{}
	})
	report, err := Run(ctx, w.subject(w.client))
	if !errors.Is(err, context.Canceled) || len(w.Tasks()) > 0 || len(w.Files()) > 0 {
		t.Errorf("%v, %d tasks, %d files", err, len(w.Tasks()), len(w.Files()))
	}
	if v := verdicts(report); v["new card"] != Kept || v["renew"] != Unknown {
		t.Errorf("%v", v)
	}
}

// TestWhatWouldNotGoIsTold checks that the report lists what could not be removed.
func TestWhatWouldNotGoIsTold(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.delete" {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "1048582", Text: "Action on the task is not allowed"}
		}
		return sandbox.Fault{}
	})
	report, err := Run(t.Context(), w.subject(w.client))
	if err != nil || len(report.Left) != len(w.Tasks()) || len(report.Left) == 0 ||
		!strings.HasPrefix(report.Left[0], "task ") {
		t.Errorf("%v, %v, %d tasks", err, report.Left, len(w.Tasks()))
	}
}

// TestWithoutSubscription checks that a portal without REST returns an error with its code, before anything is created.
func TestWithoutSubscription(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{NewCard: true, NoSubscription: true})
	_, err := Run(t.Context(), w.subject(w.client))
	if err == nil || codeOf(err) != "ACCESS_DENIED" {
		t.Error(err)
	}
}

// TestReportTellsNothing checks that the report contains no texts, names or secrets.
func TestReportTellsNothing(t *testing.T) {
	o := sandbox.PortalOptions{
		NewCard: true,
		Users:   []sandbox.User{{ID: 1}, {ID: 7}, {ID: 17, Name: "Konstantin", LastName: "Tsiolkovsky"}},
	}
	w, report := probed(t, o, func(s *Subject) { s.Tags = []string{"confidential"} })
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"Konstantin", "Tsiolkovsky", "ivan@", "olga@", "Ivan", mark, w.Code(), "127.0.0.1",
		"confidential", "helpdesk check"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("it tells %q", secret)
		}
	}
	for _, must := range []string{`"method":"tasks.task.add"`, `"rest":3`, `digits:4#`, `"ms":`} {
		if !bytes.Contains(raw, []byte(must)) {
			t.Errorf("it does not tell %s", must)
		}
	}
}
