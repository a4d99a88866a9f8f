package bitrix

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"

	"helpdesk/pkg/lazy"
)

var (
	maskPath  = lazy.Regexp(`(?i)(\\?/rest\\?/(?:api\\?/)?\d+\\?/)[^/\\\s"'?&#]+`)
	maskQuery = lazy.Regexp(`(?i)((?:auth|token|sessid)[^=&\s"']{0,20}=)[^&\s"']+`)
)

// Mask returns s without the secrets in the portal's addresses: webhook codes and download tokens.
func Mask(s string) string {
	s = maskPath().ReplaceAllString(s, "${1}***")
	return maskQuery().ReplaceAllString(s, "${1}***")
}

// Token returns a string of size hex digits. It depends on the purpose and the webhook, so nobody without the webhook
// can guess it.
func (c *Client) Token(purpose string, size int) string {
	h := hmac.New(sha256.New, []byte(c.code))
	_, _ = h.Write([]byte(purpose))
	return hex.EncodeToString(h.Sum(nil))[:size]
}

// mask is Mask, and also removes this client's own code anywhere in s.
func (c *Client) mask(s string) string {
	s = Mask(s)
	if len(c.code) >= 6 {
		s = strings.ReplaceAll(s, c.code, "***")
	}
	return s
}

// masked is an error with a masked text; it still wraps the original error.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }

func (m *masked) Unwrap() error { return m.err }

// hide removes the address from err, since url.Error prints all of it.
func (c *Client) hide(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if text := c.mask(err.Error()); text != err.Error() {
		return &masked{text: text, err: err}
	}
	return err
}
