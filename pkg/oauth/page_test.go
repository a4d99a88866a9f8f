package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/sandbox/auth"
)

const account = "help@firm.ru"

// get returns the status and the text of a page.
func get(t *testing.T, address, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, strings.TrimSpace(string(body))
}

// page signs in. act gets the address that is shown.
func page(t *testing.T, c *Client, talk Talk, act func(address string)) (bearer.Token, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	talk.Done = "Go back to the terminal."
	talk.Show = func(address string) { go act(address) }
	return c.Page(ctx, talk)
}

func TestThePageSendsTheBrowserBack(t *testing.T) {
	s := auth.New(auth.Options{Secret: "s3cret"})
	c := client(t, s, func(o *Options) {
		o.Secret, o.Extra = "s3cret", map[string]string{"access_type": "offline", "prompt": "consent"}
	})
	told := make(chan string, 1)
	k, err := page(t, c, Talk{}, func(address string) {
		for _, want := range []string{"access_type=offline", "prompt=consent", "scope=mail+offline_access",
			"code_challenge_method=S256"} {
			if !strings.Contains(address, want) {
				t.Errorf("%s is not in %s", want, address)
			}
		}
		back, err := s.Browse(address, account, true)
		if err != nil {
			t.Error(err)
			return
		}
		u, _ := url.Parse(back)
		q := u.Query()
		// Other requests arrive too: from a page on the internet, with a wrong state, without parameters.
		for _, other := range []struct{ query, host string }{
			{"code=stolen&state=other", u.Host}, {"code=stolen", u.Host}, {"", u.Host}, {"error=access_denied", u.Host},
			{u.RawQuery, "evil.example"},
		} {
			if status, _ := get(t, "http://"+u.Host+"/?"+other.query, other.host); status != http.StatusNotFound {
				t.Errorf("%+v: %d", other, status)
			}
		}
		_, text := get(t, back, u.Host)
		told <- text
		if q.Get("code") == "" {
			t.Error("no code")
		}
	})
	if err != nil || !s.Valid(account, k.Access) {
		t.Fatal(k, err)
	}
	if text := <-told; text != "Go back to the terminal." {
		t.Errorf("the browser shows %q", text)
	}
}

func TestTheAddressIsPasted(t *testing.T) {
	s := auth.New(auth.Options{Redirect: "https://firm.example/nothing"})
	c := client(t, s, func(o *Options) { o.Redirect = "https://firm.example/nothing" })
	for name, form := range map[string]func(back string) string{
		"whole":     func(back string) string { return "  " + back + "\r" },
		"with more": func(back string) string { return back + "&scope=mail#_" },
		"code": func(back string) string {
			u, _ := url.Parse(back)
			return u.Query().Get("code")
		},
	} {
		lines := make(chan string, 10)
		var wrong []string
		k, err := page(t, c, Talk{
			Typed: func(ctx context.Context) (string, error) {
				select {
				case line := <-lines:
					return line, nil
				case <-ctx.Done():
					return "", ctx.Err()
				}
			},
			Wrong: func(err error) { wrong = append(wrong, err.Error()) },
		}, func(address string) {
			back, err := s.Browse(address, account, true)
			if err != nil {
				t.Error(err)
			}
			for _, line := range []string{"", "https://firm.example/nothing",
				"https://firm.example/nothing?code=stolen&state=other", form(back)} {
				lines <- line
			}
		})
		if err != nil || !s.Valid(account, k.Access) {
			t.Errorf("%s: %v", name, err)
		}
		if fmt.Sprint(wrong) != fmt.Sprint([]error{errNoCode, errOther}) {
			t.Errorf("%s: complaints %q", name, wrong)
		}
	}
	// A code of another sign-in is refused, because its challenge differs.
	var theirs string
	ctx, cancel := context.WithCancel(t.Context())
	_, _ = c.Page(ctx, Talk{Show: func(address string) {
		theirs, _ = s.Browse(address, "evil@firm.ru", true)
		cancel()
	}})
	u, _ := url.Parse(theirs)
	_, err := page(t, c, Talk{Typed: func(context.Context) (string, error) {
		return u.Query().Get("code"), nil
	}, Wrong: func(error) {}}, func(string) {})
	if !errors.Is(err, errCode) || fault.ExtentOf(err) != fault.Setup {
		t.Errorf("another sign-in's code: %v", err)
	}
	clean(t, s, err)
}

func TestThePageIsRefused(t *testing.T) {
	s := auth.New(auth.Options{})
	c := client(t, s, nil)
	_, err := page(t, c, Talk{}, func(address string) {
		back, err := s.Browse(address, account, false)
		if err != nil {
			t.Error(err)
		}
		u, _ := url.Parse(back)
		get(t, back, u.Host)
	})
	if !errors.Is(err, ErrDenied) {
		t.Errorf("refused: %v", err)
	}
	_, err = page(t, c, Talk{}, func(address string) {
		u, _ := url.Parse(address)
		back := u.Query().Get("redirect_uri") + "?error=invalid_scope&error_description=no+such+scope&state=" +
			u.Query().Get("state")
		b, _ := url.Parse(back)
		get(t, back, b.Host)
	})
	if err == nil || !strings.Contains(err.Error(), `"invalid_scope": "no such scope"`) {
		t.Errorf("another error: %v", err)
	}
	// Nobody signs in.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Page(ctx, Talk{Show: func(string) {}, Typed: func(context.Context) (string, error) {
		return "", io.EOF
	}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody: %v", err)
	}
}

// A registered address on this machine is listened to. If its port is in use, the person pastes the address.
func TestTheRegisteredAddress(t *testing.T) {
	port, err := servers.FreePort()
	servers.Want(t, err)
	registered := fmt.Sprintf("http://localhost:%d/back", port)
	s := auth.New(auth.Options{Redirect: registered})
	c := client(t, s, func(o *Options) { o.Redirect = registered })
	k, err := page(t, c, Talk{}, func(address string) {
		back, err := s.Browse(address, account, true)
		if err != nil {
			t.Error(err)
		}
		u, _ := url.Parse(back)
		get(t, strings.Replace(back, "localhost", "127.0.0.1", 1), u.Host)
	})
	if err != nil || !s.Valid(account, k.Access) {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Skip("the port was taken meanwhile")
	}
	defer l.Close()
	var typed string
	shown := make(chan bool)
	k, err = page(t, c, Talk{Wrong: func(err error) {
		t.Error(err)
	}, Typed: func(context.Context) (string, error) { <-shown; return typed, nil }},
		func(address string) { typed, _ = s.Browse(address, account, true); close(shown) })
	if err != nil || !s.Valid(account, k.Access) {
		t.Error(err)
	}
}
