package store

import (
	"fmt"
	"time"

	"helpdesk/pkg/desk"
)

// profile is what another directory said about an address, with the time.
type profile struct {
	desk.Profile
	At     time.Time `json:"at"`
	Locale string    `json:"locale,omitempty"` // language of the person's letters, for the source letters
}

// Codes returns the CRM codes of the address.
func (p profile) Codes() []string { return p.CRM }

// Contacts calls fn with every entry of our directory.
func (s People) Contacts(fn func(address string, p desk.Profile) error) error {
	return s.view(func(tx txn) error {
		return each(tx, bContacts, func(key []byte, p desk.Profile) error { return fn(string(key), p) })
	})
}

// Contact returns our directory's entry for the address.
func (s People) Contact(address string) (p desk.Profile, ok bool, err error) {
	err = s.view(func(tx txn) error {
		ok, err = get(tx, bContacts, []byte(desk.FoldAddress(address)), &p)
		return err
	})
	return p, ok, err
}

// Ahead announces that the entries of the addresses in our directory, and what the other sources said about them, will
// be asked for.
func (s People) Ahead(sources, addresses []string) {
	if s.near {
		return
	}
	_ = s.view(func(tx txn) error { // an error returns with the question itself
		for _, a := range addresses {
			tx.Bucket(bContacts).Ahead([]byte(desk.FoldAddress(a)))
			for _, source := range sources {
				tx.Bucket(bProfiles).Ahead(profileKey(source, a))
			}
		}
		return nil
	})
}

// SetContacts writes names into our directory, by address; "" deletes the entry. It returns the number of changed
// entries.
func (s People) SetContacts(names map[string]string) (changed int, err error) {
	err = s.update(func(tx txn) error {
		for address, name := range names {
			key := []byte(desk.FoldAddress(address))
			var old desk.Profile
			had, err := get(tx, bContacts, key, &old)
			if err != nil {
				return err
			}
			switch {
			case name == "" && had:
				err = tx.Bucket(bContacts).Delete(key)
			case name != "" && old.Name != name:
				err = put(tx, bContacts, key, desk.Profile{Name: name, Source: "directory"})
			default:
				continue
			}
			if err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	return changed, err
}

func profileKey(source, address string) []byte { return []byte(source + "\x00" + address) }

// Profiles returns what another directory said about the addresses at or after since. A missing address must be looked
// up; a profile with an empty name means that the directory does not know the address.
func (s People) Profiles(source string, addresses []string, since time.Time) (map[string]desk.Profile, error) {
	found := map[string]desk.Profile{}
	err := s.view(func(tx txn) error {
		for _, a := range addresses {
			tx.Bucket(bProfiles).Ahead(profileKey(source, a))
		}
		for _, a := range addresses {
			var p profile
			ok, err := get(tx, bProfiles, profileKey(source, a), &p)
			if err != nil {
				return err
			}
			if ok && !p.At.Before(since) {
				found[a] = p.Profile
			}
		}
		return nil
	})
	return found, err
}

// SetProfiles stores the answers of another directory. An asked address that is missing in found is unknown there.
func (s People) SetProfiles(now time.Time, source string, asked []string, found map[string]desk.Profile) error {
	return s.update(func(tx txn) error { return profiles(tx, now, source, asked, found) })
}

func profiles(tx txn, now time.Time, source string, asked []string, found map[string]desk.Profile) error {
	for _, a := range asked {
		if err := put(tx, bProfiles, profileKey(source, a), profile{Profile: found[a], At: now}); err != nil {
			return err
		}
	}
	return nil
}

// letters is the profile source for what a person's own letters show.
const letters = "letters"

// locale returns the language of a person's letters, "" if unknown.
func locale(tx txn, address string) (string, error) {
	var p profile
	_, err := get(tx, bProfiles, profileKey(letters, address), &p)
	return p.Locale, err
}

// setLocale records the language of a person's letters.
func setLocale(tx txn, now time.Time, address, locale string) error {
	return put(tx, bProfiles, profileKey(letters, address),
		profile{Profile: desk.Profile{Source: letters}, At: now, Locale: locale})
}

// Exclusions returns the exclusions added by hand, ordered by pattern.
func (s People) Exclusions() ([]desk.Exclusion, error) {
	var all []desk.Exclusion
	err := s.view(func(tx txn) (err error) { all, err = exclusions(tx); return err })
	return all, err
}

func exclusions(tx txn) ([]desk.Exclusion, error) {
	var all []desk.Exclusion
	err := each(tx, bExclusions, func(_ []byte, x desk.Exclusion) error { all = append(all, x); return nil })
	return all, err
}

// Exclude adds exclusions. An existing one keeps its hit count.
func (s People) Exclude(list []desk.Exclusion) error {
	return s.update(func(tx txn) error {
		for _, x := range list {
			var old desk.Exclusion
			if _, err := get(tx, bExclusions, []byte(x.Match), &old); err != nil {
				return err
			}
			x.Hits, x.Last = old.Hits, old.Last
			if err := put(tx, bExclusions, []byte(x.Match), x); err != nil {
				return err
			}
		}
		return nil
	})
}

// Include deletes exclusions. If one of them does not exist, it returns an error and deletes none.
func (s People) Include(patterns []string) error {
	return s.update(func(tx txn) error {
		for _, p := range patterns {
			if ok, err := has(tx, bExclusions, []byte(p)); err != nil {
				return err
			} else if !ok {
				return fmt.Errorf("remove exclusion %s: %w", p, ErrAbsent)
			}
			if err := tx.Bucket(bExclusions).Delete([]byte(p)); err != nil {
				return err
			}
		}
		return nil
	})
}
