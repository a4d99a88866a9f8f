package outbox

import (
	"context"

	"helpdesk/pkg/desk"
)

// The sources of names.
const (
	ours = "directory"
	crm  = "bitrix24"
	onec = "onec"
)

// correspondents returns the addresses whose names may be needed to make the effects.
func correspondents(due []desk.Pending) (addresses []string) {
	for _, d := range due {
		switch e := d.Effect; {
		case e.Kind == desk.SendLetter && e.Letter != nil:
			addresses = append(addresses, e.Letter.To.Key())
		case e.Kind == desk.OpenTask && e.Post != nil:
			addresses = append(addresses, e.Post.From.Key())
		}
	}
	return addresses
}

// name returns the name for greeting a contact: from the first source that has a usable one, otherwise from their
// letter, "" if there is none. known reports whether any name was found, even one that is unsuitable for a greeting. If
// a source is away, the letter is sent without the name.
func (l *letters) name(ctx context.Context, a desk.Address) (greeting string, known bool, err error) {
	for _, source := range l.Sources {
		name, err := l.nameFrom(ctx, source, a)
		if err != nil {
			return "", false, err
		}
		if name == "" {
			continue
		}
		greeting = l.kit.Names.Greeting(name)
		if greeting == "" && source == ours {
			greeting = name // somebody entered it for use in greetings
		}
		if known = true; greeting != "" {
			return greeting, true, nil
		}
	}
	greeting = l.kit.Names.Greeting(a.Name)
	return greeting, known || a.Name != "", nil
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
		l.tally.Mention("names", err)
		return "", nil
	}
	return found[a.Key()].Name, l.people.SetProfiles(l.Now(), onec, asked, found)
}
