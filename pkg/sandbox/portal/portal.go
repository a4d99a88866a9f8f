package portal

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// PortalOptions are the ways portals differ; the zero value is a portal with the old task card and every scope.
type PortalOptions struct {
	UserID int64  // owner of the webhook, the number in its address; 0 = 17
	ActsAs int64  // whom the webhook acts as, where that is another; 0 = the owner
	Code   string // secret of the webhook; "" = sandbox-code

	NewCard               bool     // comments live in a chat of the task
	GetListFails          bool     // new card: task.commentitem.getlist is an error; no portal is known to do so
	ChatOnlyInGet         bool     // new card: tasks.task.add and .list do not name the chat
	Scopes                []string // nil = all
	NoV3                  bool     // a portal from before REST v3
	NoIdempotency         bool     // v3 without Idempotency-Key
	V3Related             V3Related
	NoSubscription        bool   // a portal in the cloud without the subscription that REST needs
	SmallPlan             bool   // a plan without observers, participants and projects: they are dropped
	SilentSystem          bool   // messages of the system do not move ACTIVITY_DATE: tasks before 25.1150
	ActivityAtOnce        bool   // ACTIVITY_DATE is written with the message, not by a job some seconds later
	ChatForMembers        bool   // only members of a chat may read it, as the documentation has it
	ActivityFilterIgnored bool   // tasks.task.list does not know the filter by ACTIVITY_DATE
	MandatoryField        string // a custom field without which no task can be made
	RequireHTTPS          bool

	NoLimit        bool          // no limit of requests
	Burst          int           // capacity of the bucket; 0 = 50
	PerSecond      float64       // what drains from it; 0 = 2
	OperatingLimit time.Duration // per method in ten minutes; 0 = 480 s
	RequestLimit   time.Duration // of one request; 0 = 60 s

	Unlisted []int64   // users whom the page of a chat leaves out
	Users    []User    // nil = the webhook's owner, 1 (administrator), 7 and 9
	Contacts []Contact // of the CRM
	Groups   []Group   // nil = 3, Support

	Now     func() time.Time                  // nil = time.Now; the bucket goes by it too
	Latency func(method string) time.Duration // how long a method takes; nil = no time
	// what a method costs of its operating limit; nil = the time it took
	Operating func(method string) time.Duration
	Drive     func(name string, content []byte) error // refuses an upload; nil = none
	Copies    func(name string) bool                  // says whether a file may be copied into a chat; nil = all
	Talks     func(text string) bool                  // says whether a chat takes a message; nil = all
}

// User is an employee, a guest or a bot of the portal.
type User struct {
	ID        int64
	Name      string
	LastName  string
	Email     string
	Position  string
	Admin     bool
	Inactive  bool
	Bot       bool
	Connector bool
	Guest     bool   // invited by e-mail: external_auth_id "email"
	AuthID    string // external_auth_id; "" = by what the user is
	Type      string // "" = by what the user is, else guest, extranet, collaber
}

// FullName returns the first and the last name.
func (u User) FullName() string { return strings.TrimSpace(u.Name + " " + u.LastName) }

// Contact is a contact of the portal's CRM.
type Contact struct {
	ID         int64
	Name       string
	LastName   string
	SecondName string
	Emails     []string
}

// Portal is a Bitrix24 portal in memory. It may be used by many clients at once, of this process or of others.
type Portal struct {
	o       PortalOptions
	methods map[string]method
	server  *http.Server

	limits *limits
	record
	acts // guarded by mu

	mu      sync.Mutex // guards what follows
	code    string
	answers map[string]stored // by webhook, method and Idempotency-Key
}

// method is a REST v2 method: the scopes of which one is needed, and what it does.
type method struct {
	scopes []string
	run    func(w *world, x *execution) (any, error)
}

// execution is one run of a method.
type execution struct {
	params  *Params
	base    string            // scheme and host the client speaks to
	methods map[string]method // that exist
	total   *int
	next    *int
}

// zone is the zone the portal answers in, whatever the zone of the client.
var zone = time.FixedZone("MSK", 3*60*60)

// allScopes are the permissions a webhook can have, as far as they matter here.
var allScopes = []string{"task", "tasks", "im", "disk", "crm", "user", "user_basic", "user_brief",
	"sonet_group", "socialnetwork"}

// NewPortal returns a portal that is not yet listening; it is a http.Handler.
func NewPortal(o PortalOptions) *Portal {
	if o.UserID == 0 {
		o.UserID = 17
	}
	if o.Code == "" {
		o.Code = "sandbox-code"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Burst == 0 {
		o.Burst = 50
	}
	if o.PerSecond == 0 {
		o.PerSecond = 2
	}
	if o.OperatingLimit == 0 {
		o.OperatingLimit = 480 * time.Second
	}
	if o.RequestLimit == 0 {
		o.RequestLimit = time.Minute
	}
	p := &Portal{
		o: o, code: o.Code, methods: methodTable(), record: record{now: o.Now}, answers: map[string]stored{},
	}
	p.limits, p.acts = newLimits(&p.o), acts{mu: &p.mu, world: newWorld(&p.o)}
	if o.Scopes == nil {
		o.Scopes = allScopes
	}
	p.SetScopes(o.Scopes...)
	return p
}

// Start listens on a free port of 127.0.0.1 and returns the address of the webhook.
func (p *Portal) Start() (webhook string, err error) { return p.StartAt("127.0.0.1:0") }

// StartAt listens on addr, for a portal that others shall find again.
func (p *Portal) StartAt(addr string) (webhook string, err error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	go func() {
		if err := p.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	return fmt.Sprintf("http://%s/rest/%d/%s/", ln.Addr(), p.o.UserID, p.Code()), nil
}

// Close stops listening and drops the open connections.
func (p *Portal) Close() error {
	if p.server == nil {
		return nil
	}
	return p.server.Close()
}

// Code returns the secret of the webhook.
func (p *Portal) Code() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code
}

// SetCode replaces the secret of the webhook: the old address is not known any more.
func (p *Portal) SetCode(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = code
}

// SetScopes replaces the permissions of the webhook.
func (p *Portal) SetScopes(scopes ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world.scopes = map[string]bool{}
	for _, s := range scopes {
		p.world.scopes[s] = true
	}
}

var (
	routeV2 = regexp.MustCompile(`^/rest/(\d+)/([^/]+)/([A-Za-z0-9_.]+)$`)
	routeV3 = regexp.MustCompile(`^/rest/api/(\d+)/([^/]+)/([A-Za-z0-9_.]+)$`)
)

// ServeHTTP answers REST v2 and v3, uploads and downloads.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.hit()
	switch {
	case r.URL.Path == "/rest/upload.json":
		p.serveUpload(w, r)
	case r.URL.Path == "/rest/download.json", r.URL.Path == "/bitrix/tools/disk/uf.php":
		p.serveDownload(w, r)
	default:
		if m := routeV3.FindStringSubmatch(r.URL.Path); m != nil {
			p.serveV3(w, r, m[1], m[2], strings.ToLower(m[3]))
		} else if m := routeV2.FindStringSubmatch(r.URL.Path); m != nil {
			name := strings.TrimSuffix(strings.ToLower(m[3]), ".json")
			p.serveV2(w, r, m[1], m[2], name)
		} else {
			writePage(w, http.StatusNotFound)
		}
	}
}

func (p *Portal) known(user, code string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return user == strconv.FormatInt(p.o.UserID, 10) && code == p.code
}

func (p *Portal) subscribed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.o.NoSubscription
}

func (p *Portal) may(scopes []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range scopes {
		if p.world.scopes[s] {
			return true
		}
	}
	return len(scopes) == 0
}

func baseOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
