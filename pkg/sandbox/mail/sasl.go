package mail

import (
	"strings"

	"github.com/emersion/go-sasl"
)

// xoauth2 is the server's side of Google's and Microsoft's XOAUTH2, where the password is the token.
type xoauth2 struct {
	login   func(user, token string) error
	refused error
}

// Next reads the one message of the client. QUIRK: a refusal is first told as a challenge, which the client answers
// with an empty line, and only then as an error (developers.google.com/gmail/imap/xoauth2-protocol).
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

// accounts says who may log in, by a password or by a token.
type accounts struct {
	password func(user, password string) error
	token    func(user, token string) error
}

// server returns the server's side of the mechanism, nil where it is not supported.
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
