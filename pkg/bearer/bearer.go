// Package bearer hands an access token to a mail server by the SASL mechanisms XOAUTH2 and OAUTHBEARER, and reads the
// server's refusal. It knows neither IMAP nor SMTP, and does not obtain tokens.
package bearer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"helpdesk/pkg/glyph"
)

// The SASL mechanisms. Google, Microsoft, Yandex and Mail.ru offer XOAUTH2
// (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol); OAUTHBEARER is RFC 7628.
const (
	XOAuth2     = "XOAUTH2"
	OAuthBearer = "OAUTHBEARER"
)

// ErrRefused reports that a server rejects a token: it has expired, belongs to another account, or lacks a scope.
var ErrRefused = errors.New("token refused")

// Choose returns the mechanism to use. ok is false if the server offers neither.
func Choose(offered func(mechanism string) bool) (mechanism string, ok bool) {
	for _, m := range []string{XOAuth2, OAuthBearer} {
		if offered(m) {
			return m, true
		}
	}
	return "", false
}

// Initial returns the initial response of the client.
func Initial(mechanism, user, host string, port int, token string) []byte {
	if mechanism == OAuthBearer {
		user = strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user) // RFC 5801, 4: saslname
		return fmt.Appendf(nil, "n,a=%s,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01", user, host, port, token)
	}
	return []byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01")
}

// Dismissal returns the client's answer to a refusal that was sent as a challenge. The server then ends the exchange.
func Dismissal(mechanism string) []byte {
	if mechanism == OAuthBearer {
		return []byte{1} // RFC 7628, 3.2.3
	}
	return []byte{}
}

// longest bounds the quotation of a refusal in an unknown format, in characters.
const longest = 200

// Refused returns ErrRefused with the reason from a challenge: a JSON text with a status and the missing scope.
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
