package bearer

import "time"

// Token lets us into a mailbox without its password (RFC 6749). Its texts are secrets.
type Token struct {
	Access   string    `json:"access"`
	Refresh  string    `json:"refresh,omitempty"` // what it is renewed by; "" = it can't be
	Obtained time.Time `json:"obtained"`          // this access token
	Expires  time.Time `json:"expires,omitzero"`  // the access token; zero = never
	SignedIn time.Time `json:"signed_in"`         // when a person did
	Until    time.Time `json:"until,omitzero"`    // no renewal after that; zero = the provider names no end
	Rolls    bool      `json:"rolls,omitempty"`   // each renewal moves Until
	App      string    `json:"app"`               // whom it was given to
	Broken   string    `json:"broken,omitempty"`  // why it can't be renewed any more; "" = it can
}

const (
	least = 5 * time.Minute  // before its end a token is renewed
	slack = 10 * time.Second // before its end a token is not used any more
	drift = time.Minute      // by which a clock may go back
)

// Works reports whether a server should take the token. A clock that was set back behind the day it was obtained tells
// nothing of its end.
func (t Token) Works(now time.Time) bool {
	switch {
	case t.Access == "", now.Before(t.Obtained.Add(-drift)):
		return false
	}
	return t.Expires.IsZero() || now.Before(t.Expires.Add(-slack))
}

// Due reports whether the token is to be renewed: a tenth of its life is left, or five minutes, but never more than
// half of its life.
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

// Renewable reports whether the provider may give another one without a person.
func (t Token) Renewable(now time.Time) bool {
	return t.Refresh != "" && t.Broken == "" && (t.Until.IsZero() || now.Before(t.Until))
}

// Ends returns when the mailbox is shut until a person signs in again. Zero = never, as far as the provider tells.
func (t Token) Ends() time.Time {
	switch {
	case t.Refresh == "" || t.Broken != "":
		return t.Expires
	case t.Rolls || t.Until.IsZero():
		return time.Time{}
	}
	return t.Until
}
