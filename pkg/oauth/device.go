package oauth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
)

// Code is a code for a person to type, and the page for it.
type Code struct {
	Text    string
	Page    string
	Expires time.Time
}

const (
	usualWait = 5  // seconds between two polls, if the provider names no interval (RFC 8628, 3.2)
	mostWait  = 60 // the longest interval, in seconds
	usualLife = 15 * time.Minute
)

// Device signs in by a device code: show presents it to a person, who types it on the provider's page. Device polls the
// provider at the interval that the provider asks for. It returns ErrDenied or ErrExpired if the person refuses or is
// too late.
func (c *Client) Device(ctx context.Context, show func(Code)) (bearer.Token, error) {
	config := c.config("")
	asked, err := config.DeviceAuth(c.with(ctx))
	if err != nil {
		return bearer.Token{}, c.explain("ask for a code", err, ErrEnded, "")
	}
	if asked.DeviceCode == "" || asked.UserCode == "" || asked.VerificationURI == "" {
		return bearer.Token{}, wrongAnswer(errors.New("ask for a code: the response contains none"))
	}
	if asked.Interval <= 0 { // QUIRK: golang.org/x/oauth2 panics on a negative interval
		asked.Interval = usualWait
	}
	if asked.Interval = min(asked.Interval, mostWait); asked.Expiry.IsZero() {
		asked.Expiry = time.Now().Add(usualLife)
	}
	show(Code{Text: asked.UserCode, Page: asked.VerificationURI, Expires: asked.Expiry})
	var more []oauth2.AuthCodeOption
	if c.o.Grant != "" {
		more = []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("grant_type", c.o.Grant),
			oauth2.SetAuthURLParam("code", asked.DeviceCode)}
	}
	for {
		got, err := config.DeviceAccessToken(c.with(ctx), asked, more...)
		switch {
		case err == nil:
			return c.token(got, bearer.Token{})
		case ctx.Err() != nil:
			return bearer.Token{}, ctx.Err()
		case !time.Now().Before(asked.Expiry):
			return bearer.Token{}, ErrExpired
		}
		if err = c.explain("wait for the sign-in", err, ErrExpired,
			asked.DeviceCode); fault.ExtentOf(err) != fault.Server {
			return bearer.Token{}, err
		}
		asked.Interval = min(2*asked.Interval, mostWait) // RFC 8628, 3.5: the provider is unavailable
	}
}
