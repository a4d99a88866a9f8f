package cmd

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"helpdesk/pkg/sandbox/auth"
)

// somebody is a person who enters codes at the provider.
type somebody struct {
	account string
	allows  bool
}

const oauthSecret = "oauth-pa55word-4715"

func cmdProvider(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s := sceneOf(ts)
	if p := s.provider.Load(); p != nil {
		steer(ts, s, p, args)
		return
	}
	o := auth.Options{Secret: oauthSecret, Interval: time.Second, Now: func() time.Time {
		return time.Now().Add(time.Duration(s.ahead.Load()))
	}}
	quirks := false
	for _, arg := range args {
		switch arg {
		case "rotate":
			o.Rotate = true
		case "week":
			o.RefreshLife = 7 * 24 * time.Hour
		case "quirks":
			quirks, o.URL, o.Grant = true, true, "device_code"
		default:
			ts.Fatalf("unknown: provider %s", arg)
		}
	}
	p := auth.New(o)
	at, err := p.Start()
	ts.Check(err)
	s.provider.Store(p)
	ts.Setenv("HELPDESK_OAUTH_SECRET", oauthSecret)
	oauth := fmt.Sprintf("{provider: custom, client_id: app, client_secret: \"${HELPDESK_OAUTH_SECRET}\", token_url: "+
		"%q, auth_url: %q, device_url: %q, scopes: [mail]}",
		at+"/token", at+"/authorize", at+"/device")
	if quirks { // through the data file, in the place of the provider with these quirks
		oauth = "{provider: yandex, client_id: app, client_secret: \"${HELPDESK_OAUTH_SECRET}\"}"
		data, err := os.ReadFile("../templates/providers.yaml")
		ts.Check(err)
		text := strings.NewReplacer("https://oauth.yandex.ru/device/code", at+"/device", "https://oauth.yandex.ru",
			at).Replace(string(data))
		ts.Check(os.Mkdir(ts.MkAbs("templates"), 0o755))
		ts.Check(os.WriteFile(ts.MkAbs("templates/providers.yaml"), []byte(text), 0o644))
		oauth += "\ntemplates: templates"
	}
	path := filepath.Join(s.dir, "helpdesk.yaml")
	text := strings.NewReplacer(`password: "${HELPDESK_IMAP_PASSWORD}"`, "auth: oauth2",
		`auth: password, user: support, password: "${HELPDESK_SMTP_PASSWORD}"}`,
		"auth: oauth2, user: support}\n    oauth: "+oauth).Replace(ts.ReadFile("helpdesk.yaml"))
	ts.Check(os.WriteFile(path, []byte(text), 0o600))
	stop := make(chan bool)
	ts.Defer(func() { close(stop) })
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if who := s.person.Load(); who != nil {
				for _, code := range p.Codes() {
					p.Type(code, who.account, who.allows)
				}
			}
		}
	}()
}

func steer(ts *testscript.TestScript, s *scene, p *auth.Server, args []string) {
	plain(ts, false, args, 1)
	switch args[0] {
	case "revoke":
		p.Revoke("support")
	case "ahead":
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		s.ahead.Store(int64(d))
	case "gone":
		p.Inject(func(*http.Request) (int, string) { return http.StatusServiceUnavailable, "<html>busy</html>" })
	case "well":
		p.Inject(nil)
	default:
		ts.Fatalf("unknown: provider %s", args[0])
	}
}

func cmdPerson(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	who := &somebody{account: "support", allows: args[0] == "allow"}
	if len(args) > 1 {
		who.account = args[1]
	}
	sceneOf(ts).person.Store(who)
}
