package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/fault"
)

// author is what the portal has told of a user who may write comments.
type author struct {
	Name  string    `json:"name,omitempty"`
	Staff bool      `json:"staff,omitempty"` // an employee; else an outsider, a machine, or nobody the portal names
	Asked time.Time `json:"asked"`
}

// authorFor is how long an answer about a user counts.
const authorFor = 24 * time.Hour

// authors knows who writes comments where the comments themselves do not tell. Who is not known is asked for once.
type authors struct {
	*access
	known    map[int64]author // nil before it is recalled
	expected map[int64]bool   // responsible for tasks that changed: they are likely to have commented them
	err      error            // why the portal tells nothing of its users
}

// recall takes what earlier runs have asked.
func (a *authors) recall() {
	if a.known != nil {
		return
	}
	a.known = map[int64]author{}
	a.Recall(savedAuthors, &a.known)
	for id, u := range a.known {
		if a.Now().Sub(u.Asked).Abs() > authorFor {
			delete(a.known, id)
		}
	}
}

// expect notes that the user may have commented a task that is read next.
func (a *authors) expect(user int64) {
	if a.expected == nil {
		a.expected = map[int64]bool{}
	}
	a.expected[user] = true
}

// unknown returns those of the users whom the portal must be asked for, in order.
func (a *authors) unknown(users map[int64]bool) []int64 {
	a.recall()
	var ids []int64
	for id := range users {
		if _, known := a.known[id]; !known && id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// ride asks for the users that are expected, where that costs no request of its own.
func (a *authors) ride(p *bitrix.Plan) {
	ids := a.unknown(a.expected)
	if ids = ids[:min(len(ids), pageSize)]; bitrix.Requests(p.Len()+1) == bitrix.Requests(p.Len()) {
		a.ask(p, ids)
	}
}

// ask asks for the users, as many by a command as a page holds.
//
// QUIRK: user.get gives neither bots nor guests nor system users unless they are asked for by their type
// (user/user-get): who is missing is no specialist. Users of an extranet are among those it gives.
func (a *authors) ask(p *bitrix.Plan, ids []int64) {
	for part := range slices.Chunk(ids, pageSize) {
		cmd := bitrix.Do("user.get", bitrix.With("FILTER", bitrix.With("ID", part)).With("start", -1))
		p.Add(cmd, func(answer bitrix.Answer) {
			if a.err = answer.Err; a.err != nil {
				return
			}
			told := map[int64]author{}
			for _, u := range bitrix.Rows[portalUser](answer.Result) {
				told[int64(u.ID)] = author{Name: u.fullName(), Staff: u.employed()}
			}
			a.take(part, told)
		})
	}
}

// askChats asks for the users by the method of chats, which needs no other scope than they do.
//
// QUIRK: its answer is a map by numbers, null where there is no such user (chats/users/im-user-list-get).
func (a *authors) askChats(p *bitrix.Plan, ids []int64) {
	for part := range slices.Chunk(ids, pageSize) {
		p.Add(bitrix.Do("im.user.list.get", bitrix.With("ID", part)), func(answer bitrix.Answer) {
			var rows map[string]*listedUser
			if a.err = answer.Err; a.err == nil && len(answer.Result) > 0 && answer.Result[0] == '{' {
				a.err = bitrix.Into(answer.Result, &rows)
			}
			if a.err != nil {
				return
			}
			told := map[int64]author{}
			for _, u := range rows {
				if u != nil {
					told[int64(u.ID)] = author{Name: string(u.Name), Staff: !u.machine() && !u.outsider()}
				}
			}
			a.take(part, told)
		})
	}
}

// take notes what the portal told of the users it was asked for.
func (a *authors) take(asked []int64, told map[int64]author) {
	for _, id := range asked {
		u := told[id]
		u.Asked = a.Now()
		a.known[id] = u
	}
	a.Remember(savedAuthors, a.known)
}

// fallBack asks by the other method where the webhook may not ask by the first.
func (a *authors) fallBack(ctx context.Context, users map[int64]bool) error {
	ids := a.unknown(users)
	if len(ids) == 0 || fault.ExtentOf(a.err) != fault.Setup {
		return nil
	}
	why, p := a.err, a.Plan()
	a.askChats(p, ids)
	err := p.Run(ctx)
	if a.err != nil {
		a.err = why // it names the scope that is missing
	}
	return err
}

// judge keeps the comments inside whose authors are no specialists, and says of a reading whose authors could not be
// asked for that it has failed.
func (a *authors) judge(r *reading) error {
	ours := a.Users()
	for i := range r.comments {
		c := &r.comments[i]
		if !r.unlisted[c.Author] || slices.Contains(ours, c.Author) {
			continue
		}
		if u, known := a.known[c.Author]; known {
			c.Guest = c.Guest || !u.Staff
		} else if a.err != nil {
			return fmt.Errorf("see who user %d is: %w", c.Author, a.err)
		} else {
			c.Guest = true
		}
	}
	return nil
}

// strangers returns the authors that the portal must be asked for.
func (a *authors) strangers(readings []*reading) map[int64]bool {
	ours, users := a.Users(), map[int64]bool{}
	for _, r := range readings {
		for _, c := range r.comments {
			if r.unlisted[c.Author] && !slices.Contains(ours, c.Author) {
				users[c.Author] = true
			}
		}
	}
	return users
}

// listedUser is a row of im.user.list.get, which spells as chats of old do.
type listedUser struct {
	chatUser
	Auth bitrix.Text `json:"external_auth_id"`
}

func (u listedUser) machine() bool  { return u.chatUser.machine() || oneOf(u.Auth, machines...) }
func (u listedUser) outsider() bool { return u.chatUser.outsider() || oneOf(u.Auth, outsiders...) }

// portalUser is a row of user.get.
type portalUser struct {
	ID          bitrix.ID       `json:"ID"`
	Name        bitrix.Text     `json:"NAME"`
	LastName    bitrix.Text     `json:"LAST_NAME"`
	Active      json.RawMessage `json:"ACTIVE"`
	Type        bitrix.Text     `json:"USER_TYPE"`
	Departments json.RawMessage `json:"UF_DEPARTMENT"`
}

// employed reports whether the user is an employee, by the type, else by a department.
func (u portalUser) employed() bool {
	if u.Type != "" {
		return oneOf(u.Type, "employee")
	}
	return len(bitrix.Rows[bitrix.ID](u.Departments)) > 0
}
