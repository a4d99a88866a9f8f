package auth

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// browser is a person's browser that does not follow redirects.
type browser struct {
	t  *testing.T
	at string
}

// post sends a form of a page and returns the status, the redirect address, and the text of the page.
func (b browser) post(path string, form url.Values) (status int, sent, text string) {
	b.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(b.at+path, form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header.Get("Location"), string(said)
}

// A person signs in on the pages, inspects the tokens, revokes them, and makes the server unavailable.
func TestPages(t *testing.T) {
	s := New(Options{Account: "a@firm.ru"})
	at, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := browser{t, at}
	for path, want := range map[string]string{"/code": "a@firm.ru", "/authorize": "app wants", "/": "secrets"} {
		answer, err := http.Get(at + path)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if !strings.Contains(string(said), want) || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, %s", path, answer.StatusCode, said)
		}
	}
	page := "/authorize?" + url.Values{"client_id": {"app"}, "response_type": {"code"}, "scope": {"mail"},
		"state":        {"x"},
		"redirect_uri": {"http://127.0.0.1:1/"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}.Encode()
	status, sent, _ := b.post(page, url.Values{"do": {"allow"}, "account": {"a@firm.ru"}})
	back, err := url.Parse(sent)
	code := back.Query().Get("code")
	if status != http.StatusSeeOther || err != nil || code == "" {
		t.Fatalf("status %d, sent to %q", status, sent)
	}
	if _, sent, _ := b.post(page, url.Values{"do": {"refuse"}}); !strings.Contains(sent, "error=access_denied") {
		t.Errorf("refused: sent to %q", sent)
	}
	if status, _, said := b.post("/authorize", nil); status != http.StatusBadRequest {
		t.Errorf("status %d, %s", status, said)
	}
	form := url.Values{"client_id": {"app"}, "grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {"http://127.0.0.1:1/"}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}
	access, _ := ask(t, s, "/token", form)["access_token"].(string)
	if !s.Valid("a@firm.ru", access) {
		t.Fatal("no token is given")
	}
	if _, _, said := b.post("/secrets", nil); !slices.Contains(strings.Split(said, "\n"), access) {
		t.Errorf("the page does not list the token:\n%s", said)
	}
	if _, _, said := b.post("/", url.Values{
		"do":      {"revoke"},
		"account": {"a@firm.ru"},
	}); s.Valid("a@firm.ru", access) ||
		!strings.Contains(said, "1 token requests: authorization_code") {
		t.Errorf("the token is still good, or not counted:\n%s", said)
	}
	ask(t, s, "/device", url.Values{"client_id": {"app"}, "scope": {"mail"}})
	if _, _, said := b.post("/", nil); !strings.Contains(said, s.Codes()[0]) {
		t.Errorf("the code is not shown:\n%s", said)
	}
	if status, _, _ := b.post("/code", url.Values{
		"do":   {"allow"},
		"code": {"nonsense"},
	}); status != http.StatusNotFound {
		t.Errorf("a code that was not given: status %d", status)
	}
	typed := url.Values{"do": {"allow"}, "account": {"a@firm.ru"}, "code": {" " + s.Codes()[0] + "\n"}}
	if status, _, _ := b.post("/code", typed); status != http.StatusOK || len(s.Codes()) != 0 {
		t.Errorf("status %d, codes %q", status, s.Codes())
	}
	b.post("/", url.Values{"do": {"away"}})
	if status, _, _ := b.post("/token", form); status != http.StatusServiceUnavailable {
		t.Errorf("away: status %d", status)
	}
	b.post("/", url.Values{"do": {"back"}})
	if status, _, _ := b.post("/token", form); status != http.StatusBadRequest {
		t.Errorf("back: status %d", status)
	}
}
