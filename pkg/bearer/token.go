package bearer

import "time"

// Token opens a mailbox without its password (RFC 6749). Its texts are secrets.
type Token struct {
	Access   string    `json:"access"`
	Refresh  string    `json:"refresh,omitempty"` // the refresh token; "" = the access token cannot be renewed
	Obtained time.Time `json:"obtained"`          // when the access token was issued
	Expires  time.Time `json:"expires,omitzero"`  // when the access token expires; zero = never
	SignedIn time.Time `json:"signed_in"`         // when a person signed in
	Until    time.Time `json:"until,omitzero"`    // the last moment of a renewal; zero = the provider states no limit
	Rolls    bool      `json:"rolls,omitempty"`   // each renewal extends Until
	App      string    `json:"app"`               // fingerprint of the application it was issued to
	Broken   string    `json:"broken,omitempty"`  // why the token can no longer be renewed; "" = it can
}

const (
	least = 5 * time.Minute  // a token is renewed at least this long before it expires
	slack = 10 * time.Second // a token is not used in the last seconds before it expires
	drift = time.Minute      // a clock may be set back by this much
)

// Works reports whether a server should accept the token. A token from the future does not work: the clock was set
// back, so its expiry cannot be judged.
func (t Token) Works(now time.Time) bool {
	switch {
	case t.Access == "", now.Before(t.Obtained.Add(-drift)):
		return false
	}
	return t.Expires.IsZero() || now.Before(t.Expires.Add(-slack))
}

// Due reports whether the token needs a renewal: in the last tenth of its lifetime or the last five minutes, whichever
// is longer, but never in the first half.
func (t Token) Due(now time.Time) bool {
	if !t.Works(now) {
		return true
	}
	if t.Expires.IsZero() {
		return false
	}
	life := t.Expires.Sub(t.Obtained)
	return !now.Before(t.Expires.Add(-min(max(life/10, least), life/2)))
}

// Renewable reports whether the token can be renewed without a person.
func (t Token) Renewable(now time.Time) bool {
	return t.Refresh != "" && t.Broken == "" && (t.Until.IsZero() || now.Before(t.Until))
}

// Ends returns the moment from which a person has to sign in again. Zero means never, according to the provider.
func (t Token) Ends() time.Time {
	switch {
	case t.Refresh == "" || t.Broken != "":
		return t.Expires
	case t.Rolls || t.Until.IsZero():
		return time.Time{}
	}
	return t.Until
}
