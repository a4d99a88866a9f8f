package portal

import (
	"cmp"
	"slices"
	"time"
)

// Task is a task of the portal.
type Task struct {
	ID          int64
	Title       string
	Description string
	XMLID       string
	Status      int // 2 waiting, 3 in progress, 4 awaiting control, 5 completed, 6 deferred
	Priority    int // 0 low, 1 average, 2 high
	Creator     int64
	Responsible int64
	Accomplices []int64
	Auditors    []int64
	Group       int64
	Parent      int64
	Control     bool // the creator has to approve the result
	Tags        []string
	CRM         []string          // values of UF_CRM_TASK
	Fields      map[string]string // other UF_ fields
	Deadline    time.Time
	Created     time.Time
	Changed     time.Time
	Activity    time.Time
	Closed      time.Time // zero while open
	ClosedBy    int64
	Chat        int64 // 0 = none
	Files       []File
	Comments    []Comment // of the forum and of the chat, in order
}

// Comment is a comment in the forum or a message in the chat of a task.
type Comment struct {
	ID      int64
	Author  int64 // 0 = the system (chat only)
	At      time.Time
	Text    string
	Chat    bool // a message in the chat; false = a comment in the forum
	System  bool // written by the portal itself; in the forum under a user's name
	Deleted bool
	Forward bool // forwarded from another chat
	Result  bool // marked as a result of the task
	Files   []File
	Likes   []int64 // users who like a message
}

// File is a file of the Drive, attached or not.
type File struct {
	Object  int64 // id on the Drive
	Attach  int64 // id of the attachment; 0 = not attached
	Name    string
	Content []byte
}

// task is a Task with internal data of the portal.
type task struct {
	Task
	w       *world
	history []change
	results []result
	joined  map[int64]int64 // by user: id of the last message before they joined the chat
}

type change struct {
	id       int64
	at       time.Time
	field    string
	from, to string
	user     int64
}

type result struct {
	id      int64
	comment int64
	user    int64
	at      time.Time
	text    string
	files   []int64
}

// world contains all data of the portal.
type world struct {
	o        *PortalOptions  // of the portal
	me       int64           // the user the webhook acts as
	scopes   map[string]bool // of the webhook
	tasks    map[int64]*task
	users    map[int64]User
	contacts []Contact
	groups   []Group
	drive    *drive
	private  map[int64][]string // personal messages by user
	late     []stir             // pending changes of activity dates
	serial
}

// serial contains the last id of each kind.
type serial map[string]int64

func (n serial) next(kind string) int64 {
	n[kind]++
	return n[kind]
}

// newWorld starts the ids of each kind at a different number, so that a confusion is noticed.
func newWorld(o *PortalOptions) *world {
	w := &world{
		o: o, me: cmp.Or(o.ActsAs, o.UserID), tasks: map[int64]*task{}, users: map[int64]User{},
		contacts: slices.Clone(o.Contacts), private: map[int64][]string{},
		serial: serial{
			"task": 3700, "comment": 3150, "message": 84860, "chat": 2530, "object": 9000, "file": 32870,
			"attachment": 970, "history": 500, "result": 20,
		},
	}
	w.drive = newDrive(w)
	if w.groups = o.Groups; w.groups == nil {
		w.groups = []Group{{ID: 3, Name: "Support"}}
	}
	users := o.Users
	if users == nil {
		users = []User{
			{ID: 1, Name: "Vera", LastName: "Admin", Email: "admin@portal.example", Admin: true},
			{ID: 7, Name: "Anna", LastName: "Kim", Email: "kim@portal.example", Position: "Engineer"},
			{ID: 9, Name: "Oleg", LastName: "Orlov", Email: "orlov@portal.example"},
		}
	}
	for _, u := range users {
		w.users[u.ID] = u
	}
	if _, ok := w.users[o.UserID]; !ok {
		w.users[o.UserID] = User{ID: o.UserID, Name: "Mail", LastName: "Desk", Email: "desk@portal.example"}
	}
	if _, ok := w.users[w.me]; !ok {
		w.users[w.me] = User{ID: w.me, Name: "REST", LastName: "System", AuthID: "rest_system"}
	}
	return w
}

// members returns the people of a task without duplicates.
func (t *task) members() []int64 {
	ms := append([]int64{t.Creator, t.Responsible}, t.Accomplices...)
	ms = append(ms, t.Auditors...)
	slices.Sort(ms)
	return slices.Compact(ms)
}

func (t *task) hasMember(user int64) bool { return slices.Contains(t.members(), user) }

// sees reports whether the user may read the task: they are a member or an administrator.
func (w *world) sees(user int64, t *task) bool {
	return t != nil && (t.hasMember(user) || w.users[user].Admin)
}

// visible returns the task if the webhook's user may read it, else nil.
func (w *world) visible(id int64) *task {
	t := w.tasks[id]
	if !w.sees(w.me, t) {
		return nil
	}
	return t
}

func (w *world) comment(t *task, id int64) *Comment {
	for i := range t.Comments {
		if t.Comments[i].ID == id {
			return &t.Comments[i]
		}
	}
	return nil
}

func (w *world) sorted() []*task {
	ts := make([]*task, 0, len(w.tasks))
	for _, t := range w.tasks {
		ts = append(ts, t)
	}
	slices.SortFunc(ts, func(a, b *task) int { return cmp.Compare(a.ID, b.ID) })
	return ts
}

func (t *task) snapshot() Task {
	s := t.Task
	s.Comments = slices.Clone(t.Comments)
	s.Files = slices.Clone(t.Files)
	s.Auditors, s.Accomplices = slices.Clone(t.Auditors), slices.Clone(t.Accomplices)
	s.Fields = make(map[string]string, len(t.Fields))
	for k, v := range t.Fields {
		s.Fields[k] = v
	}
	return s
}
