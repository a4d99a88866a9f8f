package cmd

import (
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/sandbox/auth"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// signing returns a drive whose mailbox signs in at a provider that offers only a page, no codes.
func signing(t *testing.T, o auth.Options) (*drive, *auth.Server) {
	t.Helper()
	d := newDrive(t, sandbox.PortalOptions{}, "")
	return d, d.signs(o)
}

// signs has the mailbox sign in with a provider.
func (d *drive) signs(o auth.Options) *auth.Server {
	d.t.Helper()
	o.Now = d.clock.Now
	p := auth.New(o)
	at, err := p.Start()
	if err != nil {
		d.t.Fatal(err)
	}
	d.provider.Store(p)
	path := d.args()[1]
	raw, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	oauth := "{provider: custom, client_id: app, token_url: \"" + at + "/token\", auth_url: \"" + at +
		"/authorize\", scopes: [mail]"
	if o.Redirect != "" {
		oauth += ", redirect_url: \"" + o.Redirect + "\""
	}
	text := strings.NewReplacer(`password: "${HELPDESK_IMAP_PASSWORD}"`, "auth: oauth2",
		`auth: password, user: support, password: "${HELPDESK_SMTP_PASSWORD}"}`,
		"auth: oauth2, user: support}\n    oauth: "+oauth+"}").Replace(string(raw))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// onlooker calls see once, with the address of the page printed.
type onlooker struct {
	mu   sync.Mutex
	text strings.Builder
	see  func(page string)
	once sync.Once
}

var shownPage = regexp.MustCompile(`http://127\.0\.0\.1:\d+/authorize\?\S+\n`)

func (w *onlooker) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if page := shownPage.FindString(w.text.String()); page != "" {
		w.once.Do(func() { go w.see(strings.TrimSpace(page)) })
	}
	return len(p), nil
}

// login runs the command; see acts as the person with the browser.
func (d *drive) login(see func(page string)) (status int, told string) {
	d.t.Helper()
	out := &onlooker{see: see}
	a := d.app()
	a.Out, a.Err = out, out
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	status = a.run(ctx, d.args("-v", "login", "support"))
	return status, out.text.String()
}

// back follows the redirect of the page like a browser, and returns the text shown.
func back(t testing.TB, p *auth.Server, page, account string, allow bool) string {
	t.Helper()
	address, err := p.Browse(page, account, allow)
	if err != nil {
		t.Error(err)
		return ""
	}
	answer, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

// A page signs a mailbox in. If the sign-in has an end, status and check print it and warn of it.
func TestLoginByPage(t *testing.T) {
	t.Parallel()
	d, p := signing(t, auth.Options{RefreshLife: 30 * 24 * time.Hour, Rotate: true})
	shows := make(chan string, 1)
	status, told := d.login(func(page string) { shows <- back(t, p, page, "support", true) })
	if status != 0 || !strings.Contains(told, "sign in as support") ||
		!strings.Contains(told, "support has signed in") {
		t.Fatalf("status %d\n%s", status, told)
	}
	if text := <-shows; !strings.Contains(text, "You can close this page") {
		t.Errorf("the browser shows %q", text)
	}
	d.letter("1@customer.example", "ivan@customer.example", "Printer", "It does not print.")
	d.minute("poll")
	if !strings.Contains(d.tasks(), "Printer") {
		t.Errorf("no task:\n%s", d.tasks())
	}
	if out := d.must(0, "check"); !strings.Contains(out, "ok       sign-in support") ||
		!strings.Contains(out, " до ") {
		t.Errorf("a month before:\n%s", out)
	}
	// Passes renew the token, but do not move the end.
	for range 20 {
		d.clock.Advance(24 * time.Hour)
		d.minute("poll")
		d.minute("notify")
	}
	if out := d.must(0, "check"); !strings.Contains(out, "warning  sign-in support") {
		t.Errorf("ten days before:\n%s", out)
	}
	out := d.must(0, "status")
	if !strings.Contains(out, "support: ENDS ") || !strings.Contains(out, "helpdesk login support") {
		t.Errorf("ten days before:\n%s", out)
	}
	if out := d.must(0, "status", "--json"); !strings.Contains(out, `"sign_ins": [`) ||
		!strings.Contains(out, `"ends": "`) {
		t.Errorf("%s", out)
	}
	d.clock.Advance(11 * 24 * time.Hour)
	if _, out, errs := d.run("poll"); !strings.Contains(errs,
		"the sign-in has ended: the provider lets it be renewed until ") {
		t.Errorf("after the end: %s%s", out, errs)
	}
	status, told = d.login(func(page string) { back(t, p, page, "support", true) })
	if status != 0 {
		t.Fatalf("again: status %d\n%s", status, told)
	}
	d.must(0, "poll")
	for _, secret := range p.Secrets() {
		if strings.Contains(told+out, secret) {
			t.Errorf("a secret is printed")
		}
	}
}

func TestLoginByPageIsRefused(t *testing.T) {
	t.Parallel()
	d, p := signing(t, auth.Options{})
	status, told := d.login(func(page string) { back(t, p, page, "support", false) })
	if status != 1 || !strings.Contains(told, "the sign-in was refused on the provider's page") {
		t.Errorf("status %d\n%s", status, told)
	}
	// This account may not open the mailbox.
	status, told = d.login(func(page string) { back(t, p, page, "anna", true) })
	if status != 2 || !strings.Contains(told, "nothing is kept: sign in as support") {
		t.Errorf("status %d\n%s", status, told)
	}
	if _, _, errs := d.run("poll"); !strings.Contains(errs, "nobody has signed in") {
		t.Errorf("poll: %s", errs)
	}
}
