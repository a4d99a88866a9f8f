package portal

import (
	"context"
	"fmt"

	"helpdesk/pkg/bitrix"
)

// Tell sends a user of the portal a personal message. It needs the scope im.
//
// QUIRK: a DIALOG_ID that is a bare number is the dialog with that user; chats have the prefix chat
// (chats/messages/im-message-add).
func (c *Client) Tell(ctx context.Context, user int64, text string) error {
	params := bitrix.With("DIALOG_ID", fmt.Sprint(user)).With("MESSAGE", text).With("URL_PREVIEW", "N")
	if err := c.Call(ctx, "im.message.add", params, nil); err != nil {
		return fmt.Errorf("tell user %d: %w", user, err)
	}
	return nil
}
