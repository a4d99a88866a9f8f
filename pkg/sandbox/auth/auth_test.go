package auth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// ask posts a form and returns the response.
func ask(t *testing.T, s *Server, path string, form url.Values) map[string]any {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var said map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatalf("%s: %s", path, w.Body)
	}
	return said
}

// Every mistake of a client is refused.
func TestMistakesAreRefused(t *testing.T) {
	s := New(Options{Secret: "s3cret"})
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	address := "https://id/authorize?" +
		url.Values{"client_id": {"app"}, "response_type": {"code"}, "scope": {"mail"}, "state": {"x"},
			"redirect_uri": {"http://127.0.0.1:1/"}, "code_challenge_method": {"S256"},
			"code_challenge": {challenge}}.Encode()
	for _, cut := range []string{"client_id=app", "response_type=code", "scope=mail", "state=x",
		"code_challenge_method=S256", "code_challenge=" + challenge, "127.0.0.1"} {
		if _, err := s.Browse(strings.Replace(address, cut, "", 1), "a", true); err == nil {
			t.Errorf("the page is shown without %s", cut)
		}
	}
	code := func() string {
		back, err := s.Browse(address, "a@firm.ru", true)
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(back)
		return u.Query().Get("code")
	}
	right := func() url.Values {
		return url.Values{"client_id": {"app"}, "client_secret": {"s3cret"}, "grant_type": {"authorization_code"},
			"code":         {code()},
			"redirect_uri": {"http://127.0.0.1:1/"}, "code_verifier": {verifier}}
	}
	for field, want := range map[string]string{"client_id": "invalid_client", "client_secret": "invalid_client",
		"grant_type": "unsupported_grant_type",
		"code":       "invalid_grant", "redirect_uri": "invalid_grant", "code_verifier": "invalid_grant"} {
		form := right()
		form.Set(field, "other")
		if said := ask(t, s, "/token", form); said["error"] != want {
			t.Errorf("%s: %v", field, said)
		}
	}
	form := right()
	said := ask(t, s, "/token", form)
	access, _ := said["access_token"].(string)
	if !s.Valid("a@firm.ru", access) || s.Valid("b@firm.ru", access) {
		t.Fatalf("%v", said)
	}
	if again := ask(t, s, "/token", form); again["error"] != "invalid_grant" || s.Valid("a@firm.ru", access) {
		t.Errorf("a code is taken twice: %v", again)
	}
	form = right()
	form.Add("code", "two")
	if said := ask(t, s, "/token", form); said["error"] != "invalid_request" {
		t.Errorf("doubled: %v", said)
	}
	for path, form := range map[string]url.Values{
		"/device":  {"client_id": {"other"}, "scope": {"mail"}},
		"/device?": {"client_id": {"app"}},
	} {
		if said := ask(t, s, path, form); said["error"] == nil {
			t.Errorf("%s: %v", path, said)
		}
	}
}
