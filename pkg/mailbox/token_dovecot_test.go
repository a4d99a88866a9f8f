package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/internal/servers"
	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/sandbox/auth"
)

// TestDovecotTakesTokens logs in, by either mechanism, to a Dovecot that asks an authorization server about the token.
func TestDovecotTakesTokens(t *testing.T) {
	t.Parallel()
	s := auth.New(auth.Options{})
	at, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	access := accessToken(t, s, at)
	for _, mechanism := range []string{bearer.XOAuth2, bearer.OAuthBearer} {
		file := filepath.Join(t.TempDir(), "oauth2.conf")
		conf := "introspection_mode = post\nintrospection_url = " + at +
			"/introspect\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n"
		if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
			t.Fatal(err)
		}
		more := fmt.Sprintf("auth_mechanisms = plain %s\npassdb {\n  driver = oauth2\n  mechanisms = %[1]s\n  args = "+
			"%s\n}\n", strings.ToLower(mechanism), file)
		d, err := servers.StartDovecot(testPassword, nil, more)
		servers.Want(t, err)
		defer d.Stop()
		o := options(d.Addr)
		o.Auth, o.User, o.Password = "oauth2", "help@firm.ru", access
		m, err := Open(context.Background(), o, false)
		if err != nil {
			t.Errorf("%s: %v", mechanism, err)
		} else if ls := list(t, m); len(ls) != 0 {
			t.Errorf("%s: %v", mechanism, ls)
		}
		for name, change := range map[string]func(*Options){
			"another token":   func(o *Options) { o.Password = "access-of-nobody" },
			"another mailbox": func(o *Options) { o.User = "anna@firm.ru" },
		} {
			o := o
			change(&o)
			if _, err := Open(context.Background(), o, false); !errors.Is(err, bearer.ErrRefused) ||
				fault.ExtentOf(err) != fault.Setup || strings.Contains(err.Error(), o.Password) {
				t.Errorf("%s, %s: %v", mechanism, name, err)
			}
		}
	}
}

// accessToken returns an access token for help@firm.ru.
func accessToken(t *testing.T, s *auth.Server, at string) string {
	t.Helper()
	back, err := s.Browse(at+"/authorize?"+
		url.Values{"client_id": {"app"}, "response_type": {"code"}, "scope": {"mail"}, "state": {"x"},
			"redirect_uri": {"http://127.0.0.1:1/"}, "code_challenge_method": {"S256"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode(), "help@firm.ru", true)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(back)
	answer, err := http.PostForm(at+"/token",
		url.Values{"client_id": {"app"}, "grant_type": {"authorization_code"}, "code": {u.Query().Get("code")},
			"redirect_uri": {"http://127.0.0.1:1/"}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for _, secret := range s.Secrets() {
		if strings.HasPrefix(secret, "access-") && s.Valid("help@firm.ru", secret) {
			return secret
		}
	}
	t.Fatal("nobody has signed in")
	return ""
}
