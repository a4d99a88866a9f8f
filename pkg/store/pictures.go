package store

import (
	"time"

	"helpdesk/pkg/desk"
)

// picture counts the letters of one sender that contained one picture.
type picture struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func pictureKey(address, hash string) []byte { return []byte(address + "\x00" + hash) }

// pictures returns how often this sender has sent each picture of a letter before.
func pictures(tx txn, q desk.Questions) (map[string]int, error) {
	seen := map[string]int{}
	for _, hash := range q.Pictures {
		var p picture
		ok, err := get(tx, bPictures, pictureKey(q.Address, hash), &p)
		if err != nil {
			return nil, err
		}
		if ok {
			seen[hash] = p.Count
		}
	}
	return seen, nil
}

func countPictures(tx txn, now time.Time, q desk.Questions) error {
	for _, hash := range q.Pictures {
		var p picture
		if _, err := get(tx, bPictures, pictureKey(q.Address, hash), &p); err != nil {
			return err
		}
		if err := put(tx, bPictures, pictureKey(q.Address, hash), picture{Count: p.Count + 1, Last: now}); err != nil {
			return err
		}
	}
	return nil
}

// countHits counts the hits of exclusions. Hits of exclusions added by hand are also stored in the exclusion itself.
func countHits(tx txn, now time.Time, matches []string) error {
	for _, match := range matches {
		for _, bucket := range []string{bExclusions, bHits} {
			var x desk.Exclusion
			ok, err := get(tx, bucket, []byte(match), &x)
			if err != nil {
				return err
			}
			if !ok && bucket == bExclusions {
				continue
			}
			x.Match, x.Hits, x.Last = match, x.Hits+1, now
			if err := put(tx, bucket, []byte(match), x); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hits returns the number of hits and the last hit by pattern. It is the only count for exclusions from the settings.
func (s People) Hits() (map[string]desk.Exclusion, error) {
	all := map[string]desk.Exclusion{}
	err := s.view(func(tx txn) error {
		return each(tx, bHits, func(key []byte, x desk.Exclusion) error { all[string(key)] = x; return nil })
	})
	return all, err
}
