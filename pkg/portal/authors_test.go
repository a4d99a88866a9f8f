package portal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// strangers adds users of every kind. All of them write comments, and chats list none of them.
func strangers(o sandbox.PortalOptions) sandbox.PortalOptions {
	o.Users = []sandbox.User{{
		ID:    1,
		Admin: true,
	}, {ID: 7, Name: "Anna"}, {ID: 9, Name: "Oleg"}, {ID: 50, Name: "Mail", Guest: true},
		{
			ID:   51,
			Name: "Bot",
			Bot:  true,
		}, {ID: 52, Name: "Line", Connector: true}, {ID: 53, Name: "Other", AuthID: "rest_system"},
		{ID: 54, Name: "Partner", Type: "extranet"}, {ID: 55, Name: "Collab", Type: "collaber"}}
	for _, u := range o.Users {
		o.Unlisted = append(o.Unlisted, u.ID)
	}
	o.Unlisted = append(o.Unlisted, 4711)
	return o
}

// heard makes every user write their number in the task, and returns what counts as a specialist's comment.
func heard(t *testing.T, p *sandbox.Portal, c *Client, id int64) (said []string, err error) {
	t.Helper()
	for user, text := range map[int64]string{7: "Anna", 9: "Oleg", 50: "mail", 51: "bot", 52: "line", 53: "other",
		54: "partner",
		55: "collab", 4711: "nobody"} {
		p.Say(id, user, text)
	}
	ch, err := c.Changes(t.Context(), time.Now().Add(-time.Hour))
	if err != nil || len(ch.Tasks) != 1 {
		t.Fatal(err, ch)
	}
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id, Chat: ch.Tasks[0].Chat}})
	if err != nil {
		t.Fatal(err)
	}
	said = people(talks[0].Comments, c.Self())
	return said, talks[0].Err
}

// Only known specialists are heard, on every card, with and without the right to look users up.
func TestStrangersStayInside(t *testing.T) {
	for mode, o := range modes {
		for _, scopes := range [][]string{nil, {"task", "im", "disk"}} {
			t.Run(mode+" "+map[bool]string{
				true:  "all scopes",
				false: "fewest scopes",
			}[scopes == nil], func(t *testing.T) {
				o.Scopes, o.ActivityAtOnce = scopes, true
				p, c := live(t, strangers(o))
				id := opened(t, c, 1)[0]
				said, err := heard(t, p, c, id)
				less := cmp.Transformer("set", func(list []string) map[string]bool {
					m := map[string]bool{}
					for _, s := range list {
						m[s] = true
					}
					return m
				})
				if diff := cmp.Diff([]string{"Anna", "Oleg"}, said, less); err != nil || diff != "" {
					t.Error(err, diff)
				}
				p.ResetCounts()
				if said, err = heard(t, p, c, id); err != nil || len(said) != 4 || p.Hits() > 3 || asked(p) > 0 {
					t.Errorf("the second time: %v, %v, %d requests", said, err, p.Hits())
				}
			})
		}
	}
}

// asked counts the questions for users.
func asked(p *sandbox.Portal) (n int) {
	for _, m := range methods(p) {
		if m == "user.get" || m == "im.user.list.get" {
			n++
		}
	}
	return n
}

// If users can't be looked up, their talk waits: their comments are neither mailed nor skipped.
func TestAuthorsThatCanNotBeAskedFor(t *testing.T) {
	page := `{"result":{"result":{"c0":[{"ID":"5","AUTHOR_ID":"42","POST_MESSAGE":"x"}],"c1":{"task":{"id":"1"}},"c2":null}}}`
	refused := `{"result":{"result":[],"result_error":{"c0":{"error":"insufficient_scope"}}}}`
	s := testkit.NewScript(t, testkit.Answer(200, page), testkit.Answer(200, refused), testkit.Answer(200, refused))
	talks, err := client(t, s).Talks(t.Context(), []desk.Watch{{Task: 1}})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, talks[0].Err, told{fault.Refused, fault.Setup})
}

// An answer about a user is valid for a day.
func TestAuthorsAreAskedForAgain(t *testing.T) {
	var webhook string
	now := time.Now()
	values := map[string]string{}
	p, c := live(t, sandbox.PortalOptions{ActivityAtOnce: true}, saved(values), func(o *Options) {
		webhook = o.Webhook
	})
	id := opened(t, c, 1)[0]
	p.Say(id, 7, "a")
	for _, tt := range []struct {
		later time.Duration
		asks  bool
	}{{0, true}, {23 * time.Hour, false}, {2 * time.Hour, true}} {
		now = now.Add(tt.later)
		s, err := New(Options{Options: bitrix.Options{Webhook: webhook, Now: func() time.Time {
			return now
		}, Load: func(name string, _ time.Duration) []byte {
			return []byte(values[name])
		}, Save: func(name string, v []byte) { values[name] = string(v) }}})
		if err != nil {
			t.Fatal(err)
		}
		p.ResetCounts()
		if _, err := s.Talks(t.Context(), []desk.Watch{{Task: id}}); err != nil || asked(p) > 0 != tt.asks {
			t.Error(tt.later, err, methods(p))
		}
	}
}

func TestQuirkWhoIsMissingIsNoSpecialist(t *testing.T) {
	_, c := live(t, strangers(sandbox.PortalOptions{}))
	a := ran(t, c, bitrix.Do("user.get",
		bitrix.With("FILTER", bitrix.With("ID", []int64{7, 50, 51, 52, 53, 54, 4711})).With("start", -1)))
	staff := map[int64]bool{}
	for _, u := range bitrix.Rows[portalUser](a.Result) {
		staff[int64(u.ID)] = u.employed()
	}
	if diff := cmp.Diff(map[int64]bool{7: true, 54: false}, staff); diff != "" {
		t.Error(diff)
	}
	for raw, want := range map[string]bool{
		`{"UF_DEPARTMENT":[1]}`:                        true,
		`{"UF_DEPARTMENT":false}`:                      false,
		`{"USER_TYPE":"extranet","UF_DEPARTMENT":[1]}`: false,
	} {
		var u portalUser
		if err := bitrix.Into([]byte(raw), &u); err != nil || u.employed() != want {
			t.Error(raw, err)
		}
	}
}

func TestQuirkListOfUsersIsAMap(t *testing.T) {
	_, c := live(t, strangers(sandbox.PortalOptions{}))
	p := c.Plan()
	a := &authors{access: c.access, known: map[int64]author{}}
	a.askChats(p, []int64{7, 50, 53, 4711})
	if err := p.Run(t.Context()); err != nil || a.err != nil || !a.known[7].Staff || a.known[7].Name != "Anna" ||
		a.known[50].Staff || a.known[53].Staff ||
		a.known[4711].Staff || len(a.known) != 4 {
		t.Error(err, a.err, a.known)
	}
}
