package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/store/engine"
	"helpdesk/pkg/store/postgres"
)

// The embedded mailbox accepts a token of the authorization server only for the account that signed in.
func TestAuthorizationServer(t *testing.T) {
	t.Parallel()
	vars, stop := started(t, options{auth: time.Hour})
	at := vars["HELPDESK_OAUTH_URL"]
	page := at + "/authorize?" + url.Values{"client_id": {"app"}, "response_type": {"code"}, "scope": {"mail"},
		"state": {"x"}, "redirect_uri": {"http://127.0.0.1:1/"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(page, url.Values{"do": {"allow"}, "account": {user}})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err = client.PostForm(at+"/token", url.Values{"client_id": {"app"}, "grant_type": {"authorization_code"},
		"code": {back.Query().Get("code")}, "redirect_uri": {"http://127.0.0.1:1/"},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}})
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(err, answer)
	}
	_ = answer.Body.Close()
	port, err := strconv.Atoi(vars["HELPDESK_IMAP_PORT"])
	if err != nil {
		t.Fatal(err)
	}
	var opened, refused int
	for secret := range strings.Lines(get(t, at+"/secrets")) {
		m, err := mailbox.Open(t.Context(), mailbox.Options{Host: "127.0.0.1", Port: port, TLS: "none", Auth: "oauth2",
			User: user, Password: strings.TrimSpace(secret)}, true)
		if err != nil {
			refused++
			continue
		}
		opened++
		_ = m.Close()
	}
	if opened != 1 || refused == 0 { // one of the access token, the refresh token and the code
		t.Errorf("%d secrets open the mailbox, %d do not", opened, refused)
	}
	if got := stop(); !strings.Contains(got, "1 token requests: authorization_code") {
		t.Errorf("printed %q", got)
	}
}

// The crowd writes, and everything that no pass has processed is reported.
func TestCrowd(t *testing.T) {
	t.Parallel()
	_, stop := started(t, options{crowd: time.Millisecond})
	got := stop()
	for _, want := range []string{"letter 1 of customer 1\n", "letter 1 of", "has made 0 tasks and comments",
		"0 comments; "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestSmallDisk(t *testing.T) {
	t.Parallel()
	vars, stop := started(t, options{disk: 64 << 10})
	state := vars["HELPDESK_STATE"]
	if err := os.WriteFile(state, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a megabyte is written to %q: %v", state, err)
	}
	stop()
	if _, err := os.Stat(state); err == nil {
		t.Error("the disk is left behind")
	}
}

func TestPooler(t *testing.T) {
	t.Parallel()
	vars, _ := started(t, options{database: true, pooler: "transaction"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := postgres.Open(ctx, vars["HELPDESK_STATE"], engine.Options{})
	if !errors.Is(err, engine.ErrSetup) {
		t.Errorf("the state at %q: %v", vars["HELPDESK_STATE"], err)
	}
}

func TestFlagsThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	for _, o := range []options{{pooler: "session"}, {disk: 1, database: true}, {auth: 1, real: true},
		{crowd: 1, dovecot: true}, {crowd: 1, replay: "x"}} {
		if err := run(t.Context(), o, nil); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
