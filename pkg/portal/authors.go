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

// author is what the portal reported about a user who may write comments.
type author struct {
	Name  string    `json:"name,omitempty"`
	Staff bool      `json:"staff,omitempty"` // an employee; false for an outsider, a program or an unknown user
	Asked time.Time `json:"asked"`
}

// authorFor is how long an answer about a user stays valid.
const authorFor = 24 * time.Hour

// authors looks up the authors of comments that give only the author's number. Each is asked for once.
type authors struct {
	*access
	known    map[int64]author // nil until recall
	expected map[int64]bool   // responsible for changed tasks, so they have probably commented on them
	err      error            // why the portal did not answer about users
}

// recall loads the answers of earlier runs.
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

// expect records a user who has probably commented on a task that is read next.
func (a *authors) expect(user int64) {
	if a.expected == nil {
		a.expected = map[int64]bool{}
	}
	a.expected[user] = true
}

// unknown returns the users that the portal must be asked for, sorted.
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

// ride asks for the expected users if this costs no extra request.
func (a *authors) ride(p *bitrix.Plan) {
	ids := a.unknown(a.expected)
	if ids = ids[:min(len(ids), pageSize)]; bitrix.Requests(p.Len()+1) == bitrix.Requests(p.Len()) {
		a.ask(p, ids)
	}
}

// ask asks for the users with user.get, a page of them per command.
//
// QUIRK: user.get returns neither bots nor guests nor system users unless the filter names their type (user/user-get),
// so a missing user is not a specialist. It does return users of an extranet.
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

// askChats asks for the users with the chat method, which needs no scope besides that of chats.
//
// QUIRK: the answer is a map by number; the value of an unknown user is null (chats/users/im-user-list-get).
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

// take records the portal's answers about the users asked for.
func (a *authors) take(asked []int64, told map[int64]author) {
	for _, id := range asked {
		u := told[id]
		u.Asked = a.Now()
		a.known[id] = u
	}
	a.Remember(savedAuthors, a.known)
}

// fallBack asks with the chat method if the webhook lacks the scope for user.get.
func (a *authors) fallBack(ctx context.Context, users map[int64]bool) error {
	ids := a.unknown(users)
	if len(ids) == 0 || fault.ExtentOf(a.err) != fault.Setup {
		return nil
	}
	why, p := a.err, a.Plan()
	a.askChats(p, ids)
	err := p.Run(ctx)
	if a.err != nil {
		a.err = why // this error names the missing scope
	}
	return err
}

// judge marks comments by authors who are not specialists as a guest's. It returns an error if an author could not be
// looked up.
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

// strangers returns the authors who are not ours and known only by number.
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

// listedUser is a row of im.user.list.get, which spells its keys as old chat methods do.
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

// employed reports whether the user is an employee: by type, or by department if the type is missing.
func (u portalUser) employed() bool {
	if u.Type != "" {
		return oneOf(u.Type, "employee")
	}
	return len(bitrix.Rows[bitrix.ID](u.Departments)) > 0
}
