// Package bearer hands an access token to a mail server: the mechanisms XOAUTH2 and OAUTHBEARER of SASL, and what a
// server's refusal says.
//
// It knows neither IMAP nor SMTP, and does not know where tokens come from.
package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"helpdesk/pkg/glyph"
)

// The mechanisms. Google, Microsoft, Yandex and Mail.ru have XOAUTH2
// (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol); OAUTHBEARER is RFC 7628.
const (
	XOAuth2     = "XOAUTH2"
	OAuthBearer = "OAUTHBEARER"
)

// ErrRefused says that a server does not take a token: it has expired, is for another account, or lacks a scope.
var ErrRefused = errors.New("token refused")

// Choose returns the mechanism to use, false where the server offers neither.
func Choose(offered func(mechanism string) bool) (mechanism string, ok bool) {
	for _, m := range []string{XOAuth2, OAuthBearer} {
		if offered(m) {
			return m, true
		}
	}
	return "", false
}

// Initial returns what the client says first.
func Initial(mechanism, user, host string, port int, token string) []byte {
	if mechanism == OAuthBearer {
		user = strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user) // RFC 5801, 4: saslname
		return fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01", user, host, port, token)
	}
	return []byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01")
}

// Dismissal returns what the client answers to a refusal that comes as a challenge, so that the server ends the
// exchange.
func Dismissal(mechanism string) []byte {
	if mechanism == OAuthBearer {
		return []byte{1} // RFC 7628, 3.2.3
	}
	return []byte{}
}

// longest is how much is told of a refusal in a form nobody knows, in characters.
const longest = 200

// Refused returns ErrRefused with what a challenge says of the reason: a JSON text with a status, and the scope that
// is missing.
func Refused(challenge []byte) error {
	var said struct {
		Status string `json:"status"`
		Scope  string `json:"scope"`
	}
	text := strings.TrimSpace(string(challenge))
	if json.Unmarshal(challenge, &said) != nil || said.Status == "" {
		if text == "" {
			return ErrRefused
		}
		return fmt.Errorf("%w: %s", ErrRefused, glyph.Cut(glyph.Line(text), longest))
	}
	text = "the server says " + said.Status
	if said.Scope != "" {
		text += ", wanted scope: " + said.Scope
	}
	return fmt.Errorf("%w: %s", ErrRefused, glyph.Line(text))
}
