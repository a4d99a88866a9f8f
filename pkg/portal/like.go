package portal

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/bitrix"
)

// Like adds our user's like to messages of a chat. It needs the scope im. The portal returns the same error for a
// message that already has the like, for a missing one and for an unreadable one; again says that the like may be
// there.
func (m *Maker) Like(ctx context.Context, messages []int64, again bool) error {
	for _, id := range messages {
		err := m.Call(ctx, "im.message.like", bitrix.With("MESSAGE_ID", id).With("ACTION", "plus"), nil)
		var refused *bitrix.Error
		if again && errors.As(err, &refused) && refused.Coded("WITHOUT_CHANGES") {
			continue
		}
		if err != nil {
			return fmt.Errorf("like message %d: %w", id, err)
		}
	}
	return nil
}
