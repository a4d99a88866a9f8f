package outbox

import (
	"context"
	"strings"

	"helpdesk/pkg/desk"
)

// The sources of names.
const (
	ours = "directory"
	crm  = "bitrix24"
	onec = "onec"
)

// name returns how a contact is greeted: by the first source that knows him, else by the name in his letter; "" = by
// none. A source that is away costs the name, not the letter.
func (l *letters) name(ctx context.Context, a desk.Address) (string, error) {
	for _, source := range l.Sources {
		name, err := l.nameFrom(ctx, source, a)
		if err != nil || name != "" {
			return name, err
		}
	}
	if strings.Contains(a.Name, "@") { // an address in the place of a name
		return "", nil
	}
	return a.Name, nil
}

func (l *letters) nameFrom(ctx context.Context, source string, a desk.Address) (string, error) {
	if source == ours {
		c, _, err := l.people.Contact(a.Addr)
		return c.Name, err
	}
	found, err := l.people.Profiles(source, []string{a.Key()}, l.Now().Add(-l.ProfileAge))
	if err != nil {
		return "", err
	}
	if c, ok := found[a.Key()]; ok || source != onec || l.oneC == nil {
		return c.Name, nil
	}
	asked := []string{a.Key()}
	if found, err = l.oneC.Profiles(ctx, asked); err != nil {
		l.Log.Warn("look up name", "err", err)
		return "", nil
	}
	return found[a.Key()].Name, l.people.SetProfiles(l.Now(), onec, asked, found)
}
