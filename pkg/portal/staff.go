package portal

import (
	"context"
	"fmt"

	"helpdesk/pkg/bitrix"
)

// Dismissed reports whether the portal does not know the user, or has dismissed them. It needs the scope user_basic.
func (c *Client) Dismissed(ctx context.Context, user int64) (bool, error) {
	answers, err := c.Batch(ctx, []bitrix.Command{bitrix.Do("user.get",
		bitrix.With("FILTER", bitrix.With("ID", user)).With("start", -1))})
	if err == nil {
		err = answers[0].Err
	}
	if err != nil {
		return false, fmt.Errorf("look at user %d: %w", user, err)
	}
	for _, u := range bitrix.Rows[portalUser](answers[0].Result) {
		if int64(u.ID) == user {
			return !u.active(), nil
		}
	}
	return true, nil
}

// active reports whether the user is not dismissed.
//
// QUIRK: ACTIVE is a bool, but "Y" or "N" on self-hosted portals (user/user-get).
func (u portalUser) active() bool { return string(u.Active) != "false" && string(u.Active) != `"N"` }
