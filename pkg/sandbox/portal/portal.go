package portal

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"helpdesk/pkg/lazy"
)

// PortalOptions are the differences between portals. The zero value has the old task card and every scope.
type PortalOptions struct {
	UserID int64  // owner of the webhook, part of its address; 0 = 17
	ActsAs int64  // the user that the webhook acts as; 0 = the owner
	Code   string // secret of the webhook; "" = sandbox-code

	NewCard               bool     // comments are in a chat of the task
	GetListFails          bool     // new card: task.commentitem.getlist is an error; no portal is known to do so
	ChatOnlyInGet         bool     // new card: tasks.task.add and .list do not return the chat
	Scopes                []string // nil = all
	NoV3                  bool     // a portal from before REST v3
	NoIdempotency         bool     // v3 without Idempotency-Key
	V3Related             V3Related
	NoSubscription        bool   // a cloud portal without the subscription that REST requires
	SmallPlan             bool   // a plan without observers, participants and projects: they are dropped
	SilentSystem          bool   // system messages do not change ACTIVITY_DATE: tasks before 25.1150
	ActivityAtOnce        bool   // ACTIVITY_DATE is set with the message, not some seconds later by a job
	ChatForMembers        bool   // only members may read a chat, as documented
	ActivityFilterIgnored bool   // tasks.task.list ignores the filter by ACTIVITY_DATE
	MandatoryField        string // a custom field that every new task requires
	RequireHTTPS          bool

	NoLimit        bool          // no rate limit
	Burst          int           // capacity of the bucket; 0 = 50
	PerSecond      float64       // drain of the bucket; 0 = 2
	OperatingLimit time.Duration // per method in ten minutes; 0 = 480 s
	RequestLimit   time.Duration // timeout of a request; 0 = 60 s

	Unlisted []int64   // users missing in the page of a chat
	Users    []User    // nil = the webhook's owner, 1 (administrator), 7 and 9
	Contacts []Contact // of the CRM
	Groups   []Group   // nil = 3, Support

	Now     func() time.Time                  // nil = time.Now; also for the bucket
	Latency func(method string) time.Duration // duration of a method; nil = 0
	// operating time charged for a method; nil = its duration
	Operating func(method string) time.Duration
	Drive     func(name string, content []byte) error // refuses an upload; nil = never
	Copies    func(name string) bool                  // reports whether a file may be copied into a chat; nil = always
	Talks     func(text string) bool                  // reports whether a chat accepts a message; nil = always
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
	AuthID    string // external_auth_id; "" = derived from the other fields
	Type      string // guest, extranet, collaber; "" = derived from the other fields
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

// Portal is a Bitrix24 portal in memory. It is safe for concurrent use.
type Portal struct {
	o       PortalOptions
	methods map[string]method
	server  *http.Server

	limits *limits
	record
	acts // guarded by mu

	mu      sync.Mutex // guards the following fields
	code    string
	answers map[string]stored // by webhook, method and Idempotency-Key
}

// method is a REST v2 method. A caller needs one of its scopes.
type method struct {
	scopes []string
	run    func(w *world, x *execution) (any, error)
}

// execution is one run of a method.
type execution struct {
	params  *Params
	base    string            // scheme and host used by the client
	methods map[string]method // all existing methods
	total   *int
	next    *int
}

// zone is the time zone of the portal's responses.
var zone = time.FixedZone("MSK", 3*60*60)

// allScopes are the scopes of a webhook that matter here.
var allScopes = []string{"task", "tasks", "im", "disk", "crm", "user", "user_basic", "user_brief",
	"sonet_group", "socialnetwork"}

// NewPortal returns a portal that does not listen yet. It is an http.Handler.
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

// StartAt listens on addr, for a portal with a fixed address.
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

// SetCode replaces the secret of the webhook. The old address no longer works.
func (p *Portal) SetCode(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = code
}

// SetScopes replaces the scopes of the webhook.
func (p *Portal) SetScopes(scopes ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world.scopes = map[string]bool{}
	for _, s := range scopes {
		p.world.scopes[s] = true
	}
}

var (
	routeV2 = lazy.Regexp(`^/rest/(\d+)/([^/]+)/([A-Za-z0-9_.]+)$`)
	routeV3 = lazy.Regexp(`^/rest/api/(\d+)/([^/]+)/([A-Za-z0-9_.]+)$`)
)

// ServeHTTP handles REST v2 and v3, uploads and downloads.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.hit()
	switch {
	case r.URL.Path == "/rest/upload.json":
		p.serveUpload(w, r)
	case r.URL.Path == "/rest/download.json", r.URL.Path == "/bitrix/tools/disk/uf.php":
		p.serveDownload(w, r)
	default:
		if m := routeV3().FindStringSubmatch(r.URL.Path); m != nil {
			p.serveV3(w, r, m[1], m[2], strings.ToLower(m[3]))
		} else if m := routeV2().FindStringSubmatch(r.URL.Path); m != nil {
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
