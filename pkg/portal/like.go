package portal

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/bitrix"
)

// Like puts our user's like below messages of a chat. It needs the scope im. A message that has the like already makes
// the same error as one that is not there or may not be read; again says that the like may be there.
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
