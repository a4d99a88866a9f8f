package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/sandbox/auth"
)

// inside passes requests to a handler without a network, so that a test's clock can jump.
type inside struct{ http.Handler }

func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(t *testing.T, h http.Handler, change func(*Options)) *Client {
	t.Helper()
	o := Options{ID: "app", App: "fp", AuthURL: "https://id.example/authorize", TokenURL: "https://id.example/token",
		DeviceURL: "https://id.example/device",
		Scopes:    []string{"mail", "offline_access"}, Agent: "helpdesk/test", Now: time.Now, Transport: inside{h}}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clean fails if an error contains a secret.
func clean(t *testing.T, s *auth.Server, err error) {
	t.Helper()
	for _, secret := range s.Secrets() {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

func TestDeviceCodes(t *testing.T) {
	type turn struct {
		at    time.Duration
		allow bool
	}
	const grant = "urn:ietf:params:oauth:grant-type:device_code"
	for name, c := range map[string]struct {
		o      auth.Options
		change func(*Options)
		turn   *turn
		inject func(asked int) (int, string) // called before the poll with this number
		asked  int                           // number of polls
		grant  string
		after  time.Duration
		err    error
	}{
		"pending": {turn: &turn{12 * time.Second, true}, asked: 3, after: 15 * time.Second},
		"at once": {turn: &turn{0, true}, asked: 1, after: 5 * time.Second},
		"slow down": {
			o:     auth.Options{Interval: 8 * time.Second, NoPending: true},
			turn:  &turn{40 * time.Second, true},
			asked: 4,
			after: 45 * time.Second,
		},
		"denied": {turn: &turn{7 * time.Second, false}, asked: 2, after: 10 * time.Second, err: ErrDenied},
		"Microsoft's no": {
			o:     auth.Options{Denied: "authorization_declined"},
			turn:  &turn{7 * time.Second, false},
			asked: 2,
			after: 10 * time.Second,
			err:   ErrDenied,
		},
		"expired": {
			o:     auth.Options{CodeLife: 62 * time.Second},
			asked: 12,
			after: 62 * time.Second,
			err:   ErrExpired,
		},
		"expired, unsaid": {
			o:     auth.Options{CodeLife: 62 * time.Second, NoPending: true},
			asked: 13,
			after: 65 * time.Second,
			err:   ErrExpired,
		},
		"Yandex": {o: auth.Options{Secret: "s3cret", Grant: "device_code", URL: true}, change: func(o *Options) {
			o.Secret, o.Grant = "s3cret", "device_code"
		},
			turn: &turn{7 * time.Second, true}, asked: 2, grant: "device_code", after: 10 * time.Second},
		// intervals of 5, 10 and 20 seconds
		"away for a while": {turn: &turn{0, true}, after: 35 * time.Second, asked: 1,
			inject: func(n int) (int, string) {
				if n < 3 {
					return 503, "<html>busy</html>"
				}
				return 0, ""
			}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := auth.New(c.o)
				cl := client(t, s, c.change)
				questions := 0
				s.Inject(func(r *http.Request) (int, string) {
					if r.Header.Get("User-Agent") != "helpdesk/test" {
						t.Errorf("asked by %q", r.Header.Get("User-Agent"))
					}
					if r.URL.Path != "/token" || c.inject == nil {
						return 0, ""
					}
					questions++
					return c.inject(questions)
				})
				begun := time.Now()
				k, err := cl.Device(t.Context(), func(code Code) {
					if !strings.HasSuffix(code.Page, "/code") {
						t.Errorf("shown: %+v", code)
					}
					if c.turn != nil {
						time.AfterFunc(c.turn.at, func() { s.Type(code.Text, "help@firm.ru", c.turn.allow) })
					}
				})
				if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
					t.Fatalf("error %v, want %v", err, c.err)
				}
				clean(t, s, err)
				how := grant
				if c.grant != "" {
					how = c.grant
				}
				if took := time.Since(begun); took != c.after || s.Asked()[how] != c.asked {
					t.Errorf("after %v and %v, want %v and %d", took, s.Asked(), c.after, c.asked)
				}
				if err != nil {
					return
				}
				if !s.Valid("help@firm.ru", k.Access) || k.Refresh == "" ||
					!k.Expires.Equal(time.Now().Add(time.Hour)) || !k.SignedIn.Equal(time.Now()) || k.App != "fp" {
					t.Errorf("token: %+v", k)
				}
			})
		})
	}
}

func TestDeviceStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := auth.New(auth.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		if _, err := client(t, s, nil).Device(ctx, func(Code) {}); !errors.Is(err, context.DeadlineExceeded) ||
			s.Asked()["urn:ietf:params:oauth:grant-type:device_code"] != 2 {
			t.Errorf("%v, asked %v", err, s.Asked())
		}
	})
}

// Responses that are invalid or hostile.
func TestDeviceTakesNoNonsense(t *testing.T) {
	for body, extent := range map[string]fault.Extent{
		// expires
		`{"device_code":"d","user_code":"u","verification_uri":"v","interval":-7,"expires_in":20}`: fault.One,
		`{"device_code":"d","user_code":"u"}`:                                                      fault.Server,
		`<html>`:                                                                                   fault.Server,
		`{}`:                                                                                       fault.Server,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/device" {
					io.WriteString(w, body)
					return
				}
				w.WriteHeader(400)
				io.WriteString(w, `{"error":"authorization_pending"}`)
			})
			if _, err := client(t, h, nil).Device(t.Context(), func(Code) {}); err == nil ||
				fault.ExtentOf(err) != extent {
				t.Errorf("%s: %v", body, err)
			}
		})
	}
}

// signIn returns the first token of an account.
func signIn(t *testing.T, s *auth.Server, c *Client) bearer.Token {
	t.Helper()
	k, err := c.Device(t.Context(), func(code Code) { s.Type(code.Text, "help@firm.ru", true) })
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRenewing(t *testing.T) {
	for name, rotate := range map[string]bool{"rotated": true, "kept": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := auth.New(auth.Options{Rotate: rotate})
				c := client(t, s, nil)
				first := signIn(t, s, c)
				time.Sleep(2 * time.Hour)
				if s.Valid("help@firm.ru", first.Access) || first.Works(time.Now()) {
					t.Fatal("it has not expired")
				}
				second, err := c.Renew(t.Context(), first)
				if err != nil || !s.Valid("help@firm.ru", second.Access) ||
					(second.Refresh != first.Refresh) != rotate || !second.SignedIn.Equal(first.SignedIn) {
					t.Fatalf("%+v, %v", second, err)
				}
				third, err := c.Renew(t.Context(), second)
				if err != nil || !s.Valid("help@firm.ru", third.Access) {
					t.Fatal(err)
				}
				if !rotate {
					return
				}
				// Using the old token ends the sign-in.
				if _, err := c.Renew(t.Context(), first); !errors.Is(err, ErrEnded) ||
					fault.ExtentOf(err) != fault.Setup {
					t.Errorf("the first token again: %v", err)
				}
				if _, err := c.Renew(t.Context(), third); !errors.Is(err, ErrEnded) {
					t.Errorf("after that: %v", err)
				}
				if n := s.Asked()["refresh_token"]; n != 4 {
					t.Errorf("%d requests for four renewals", n)
				}
			})
		})
	}
}

func TestWhatAFailedRenewalMeans(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		header string
		extent fault.Extent
		says   string
		after  time.Duration
	}{
		"revoked": {
			400,
			`{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity.\r\nTrace ID: 1"}`,
			"",
			fault.Setup,
			"the sign-in has ended: the provider says invalid_grant (AADSTS700082: The refresh token has expired due " +
				"to inactivity.)",
			0,
		},
		"consent": {400, `{"error":"interaction_required"}`, "", fault.Setup, "the sign-in has ended", 0},
		"secret": {
			401,
			`{"error":"invalid_client","error_description":"bad s3cret"}`,
			"",
			fault.Setup,
			"invalid_client (bad ***); check oauth.client_id and oauth.client_secret",
			0,
		},
		"scope":      {400, `{"error":"invalid_scope"}`, "", fault.Setup, "oauth.scopes", 0},
		"odd":        {400, `{"error":"invalid_request"}`, "", fault.Setup, "check the section oauth", 0},
		"wrong page": {404, `<html>`, "", fault.Setup, "answers 404", 0},
		"busy":       {503, `<html>`, "120", fault.Server, "answers 503", 2 * time.Minute},
		"too often":  {429, `{"error":"x"}`, "7200", fault.Server, "says x", time.Hour},
		"later":      {400, `{"error":"temporarily_unavailable"}`, "", fault.Server, "temporarily_unavailable", 0},
		"other 200": {
			200,
			`<html>please log in to the hotel's network</html>`,
			"",
			fault.Server,
			"does not answer as OAuth 2.0 says",
			0,
		},
		"200 error":    {200, `{"error":"invalid_grant"}`, "", fault.Setup, "the sign-in has ended", 0},
		"empty":        {200, `{}`, "", fault.Server, "does not answer as OAuth 2.0 says", 0},
		"of a kind":    {200, `{"access_token":"x","token_type":"mac"}`, "", fault.Server, "MAC", 0},
		"sent further": {307, ``, "", fault.Setup, "answers 307", 0},
		"terminal": {
			400,
			`{"error":"invalid_grant","error_description":"\u001b[2J gone refresh-1"}`,
			"",
			fault.Setup,
			"invalid_grant ( [2J gone ***)",
			0,
		},
	} {
		asked := 0
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; r.URL.Host != "id.example" {
				t.Errorf("%s: sent to %s", name, r.URL)
			}
			w.Header().Set("Retry-After", c.header)
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		was := bearer.Token{Access: "a", Refresh: "refresh-1"}
		k, err := client(t, h, func(o *Options) { o.Secret = "s3cret" }).Renew(t.Context(), was)
		if err == nil || fault.ExtentOf(err) != c.extent || !strings.Contains(err.Error(), c.says) ||
			fault.After(err) != c.after || k != was {
			t.Errorf("%s: %v (%v, after %v)", name, err, fault.ExtentOf(err), fault.After(err))
		}
		if asked != 1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
	dead := inside{http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, dead, nil).Renew(ctx, bearer.Token{Refresh: "x"}); fault.ExtentOf(err) != fault.Server {
		t.Errorf("no answer: %v", err)
	}
}

// The expiry of a token follows our clock, whatever the provider's clock shows.
func TestClocksThatDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := func() time.Time { return time.Now().Add(3 * time.Hour) }
		s := auth.New(auth.Options{Now: ahead})
		ours := time.Now
		c := client(t, s, func(o *Options) { o.Now = func() time.Time { return ours() } })
		k := signIn(t, s, c)
		if !k.Expires.Equal(time.Now().Add(time.Hour)) || !k.Works(time.Now()) {
			t.Errorf("it ends at %v, now it is %v", k.Expires, time.Now())
		}
	})
}

func TestTheEndThatAProviderNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		week := 7 * 24 * time.Hour
		s := auth.New(auth.Options{RefreshLife: week})
		c := client(t, s, nil)
		k := signIn(t, s, c)
		end := time.Now().Add(week)
		if !k.Ends().Equal(end) {
			t.Fatalf("it ends at %v", k.Ends())
		}
		time.Sleep(24 * time.Hour)
		k, err := c.Renew(t.Context(), k)
		if err != nil || !k.Ends().Equal(end) || k.Rolls {
			t.Fatalf("renewed, it ends at %v, %v", k.Ends(), err)
		}
		time.Sleep(week)
		if _, err := c.Renew(t.Context(), k); !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
	})
	// Keycloak extends the limit with each renewal.
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w,
			`{"access_token":"b","token_type":"Bearer","expires_in":"300","refresh_token":"s","refresh_expires_in":1800}`)
	})
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	k, err := client(t, h, func(o *Options) {
		o.Now = func() time.Time { return noon }
	}).Renew(t.Context(), bearer.Token{Access: "a", Refresh: "r", Until: noon.Add(10 * time.Minute)})
	if err != nil || !k.Ends().IsZero() || !k.Until.Equal(noon.Add(30*time.Minute)) ||
		!k.Expires.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("%+v, %v", k, err)
	}
}
