package oauth

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
)

// Code is what a person types, and where.
type Code struct {
	Text    string
	Page    string
	Expires time.Time
}

const (
	usualWait = 5  // seconds between two questions, where the provider says nothing (RFC 8628, 3.2)
	mostWait  = 60 // seconds
	usualLife = 15 * time.Minute
)

// Device signs in by a code: show tells a person, who types it on the provider's page within some minutes. Meanwhile
// the provider is asked as often as it wants to be. ErrDenied and ErrExpired are the ends without a token.
func (c *Client) Device(ctx context.Context, show func(Code)) (bearer.Token, error) {
	config := c.config("")
	asked, err := config.DeviceAuth(c.with(ctx))
	if err != nil {
		return bearer.Token{}, c.explain("ask for a code", err, ErrEnded, "")
	}
	if asked.DeviceCode == "" || asked.UserCode == "" || asked.VerificationURI == "" {
		return bearer.Token{}, wrongAnswer(errors.New("ask for a code: there is none in the answer"))
	}
	if asked.Interval <= 0 { // QUIRK: golang.org/x/oauth2 panics over a negative one
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
		asked.Interval = min(2*asked.Interval, mostWait) // RFC 8628, 3.5: the provider is away or can't be reached
	}
}
