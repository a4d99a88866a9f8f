package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/wire"
)

// Errors that callers check for.
var (
	ErrDenied  = errors.New("the sign-in was refused on the provider's page")
	ErrExpired = errors.New("the code has expired before the sign-in was made: start again")
	// ErrEnded reports that the provider no longer renews the token: a person must sign in again.
	ErrEnded = errors.New("the sign-in has ended")
	errCode  = errors.New("the provider does not accept the code of the page")
)

// The error codes of providers by meaning (RFC 6749, 5.2; RFC 8628, 3.5; Microsoft's documentation).
var (
	denied  = []string{"access_denied", "authorization_declined"}
	expired = []string{"expired_token", "bad_verification_code"}
	ended   = []string{"invalid_grant", "interaction_required", "consent_required", "login_required"}
	setting = map[string]string{
		"invalid_client":      "check oauth.client_id and oauth.client_secret, which may have expired",
		"unauthorized_client": "check oauth.client_id, and what the application may do at the provider",
		"invalid_scope":       "check oauth.scopes, and what the application may do at the provider",
	}
	later = []string{"temporarily_unavailable", "server_error", "slow_down"}
)

// explain returns the error for a failed request. gone is the error if the provider no longer accepts the secret that
// we sent; the secret itself is removed from texts.
func (c *Client) explain(doing string, err, gone error, secret string) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return c.unanswered(doing, err)
	}
	status := 0
	if answer.Response != nil {
		status = answer.Response.StatusCode
	}
	code := answer.ErrorCode
	said := c.said(answer, status, secret)
	switch advice, known := setting[code]; {
	case slices.Contains(denied, code):
		return fmt.Errorf("%s: %w", doing, ErrDenied)
	case slices.Contains(expired, code):
		return fmt.Errorf("%s: %w", doing, ErrExpired)
	case slices.Contains(ended, code):
		return fault.Misconfigured(fmt.Errorf("%s: %w: %s", doing, gone, said))
	case known:
		return fault.Misconfigured(fmt.Errorf("%s: %s; %s", doing, said, advice))
	case slices.Contains(later, code), status >= 500, status == http.StatusTooManyRequests,
		status == http.StatusRequestTimeout,
		code == "" && status < 300:
		return &fault.Error{
			Outcome: fault.Refused,
			Extent:  fault.Server,
			After:   after(answer.Response),
			Err:     fmt.Errorf("%s: %s", doing, said),
		}
	}
	return fault.Misconfigured(fmt.Errorf("%s: %s; check the section oauth of the mailbox", doing, said))
}

// unanswered explains why there was no response. A url.Error contains the address, which has no secret in it.
func (c *Client) unanswered(doing string, err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return wrongAnswer(fmt.Errorf("%s: %w", doing, err))
	}
	if advice := wire.Advice(err, "the section oauth", "imap.ca"); advice != "" {
		return fault.Misconfigured(fmt.Errorf("%s: %w; %s", doing, err, advice))
	}
	return fault.Away(fault.Refused, fmt.Errorf("%s: %w", doing, err))
}

// wrongAnswer marks a response that is not OAuth, as from a proxy or an overloaded provider.
func wrongAnswer(err error) error {
	return fault.Away(fault.Refused, fmt.Errorf("the provider does not answer as OAuth 2.0 says: %w", err))
}

// said returns the provider's description of a failure as one line. Only the first line of it is for people; the others
// are the provider's own numbers.
func (c *Client) said(answer *oauth2.RetrieveError, status int, secret string) string {
	text := answer.ErrorCode
	if text == "" {
		return fmt.Sprintf("the provider answers %d", status)
	}
	text = "the provider says " + text
	if first, _, _ := strings.Cut(strings.TrimSpace(answer.ErrorDescription), "\n"); first != "" {
		text += " (" + strings.TrimSpace(first) + ")"
	}
	for _, s := range []string{secret, c.o.Secret} {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return glyph.Cut(glyph.Line(text), 300)
}

// after returns the delay that a provider asks for.
func after(r *http.Response) time.Duration {
	if r == nil {
		return 0
	}
	n, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, time.Hour)
}
