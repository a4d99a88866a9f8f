package mail

import (
	"strings"

	"github.com/emersion/go-sasl"
)

// xoauth2 is the server side of Google's and Microsoft's XOAUTH2.
type xoauth2 struct {
	login   func(user, token string) error
	refused error
}

// Next reads the only message of the client. QUIRK: a refusal first comes as a challenge. The client answers it with an
// empty line and only then gets the error (developers.google.com/gmail/imap/xoauth2-protocol).
func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.refused != nil {
		return nil, false, x.refused
	}
	if response == nil {
		return []byte{}, false, nil
	}
	var user, token string
	for field := range strings.SplitSeq(string(response), "\x01") {
		if v, ok := strings.CutPrefix(field, "user="); ok {
			user = v
		}
		if v, ok := strings.CutPrefix(field, "auth=Bearer "); ok {
			token = v
		}
	}
	if err := x.login(user, token); err != nil {
		x.refused = err
		return []byte(`{"status":"400","schemes":"Bearer"}`), false, nil
	}
	return nil, true, nil
}

var mechanisms = []string{sasl.Plain, "XOAUTH2", sasl.OAuthBearer}

// accounts checks logins with a password or a token.
type accounts struct {
	password func(user, password string) error
	token    func(user, token string) error
}

// server returns the server side of a mechanism, or nil if it is not supported.
func (a accounts) server(mech string) sasl.Server {
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return a.password(user, password) })
	case "XOAUTH2":
		return &xoauth2{login: a.token}
	case sasl.OAuthBearer:
		return sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
			if a.token(o.Username, o.Token) != nil {
				return &sasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer", Scope: "mail"}
			}
			return nil
		})
	}
	return nil
}
