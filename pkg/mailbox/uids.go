package mailbox

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/emersion/go-imap/v2"

	"helpdesk/pkg/desk"
)

// maxSet bounds a set of UIDs in one command, in characters: servers must accept lines of 8,192 octets (RFC 7162, 4).
const maxSet = 8000

// maxChunk bounds the messages of one command, for UIDs that form a single short range.
const maxChunk = 5000

// chunks splits ascending UIDs into pieces, each of which fits into one command.
func chunks(uids []uint32) [][]uint32 {
	var all [][]uint32
	start, length := 0, 0
	for i, uid := range uids {
		// A UID inside a range adds nothing; one at its edge adds "," or ":" and its digits.
		if i == start || i+1 == len(uids) || uids[i-1]+1 != uid || uid+1 != uids[i+1] {
			length += 1 + len(strconv.FormatUint(uint64(uid), 10))
		}
		if length > maxSet || i-start >= maxChunk {
			all = append(all, uids[start:i])
			start, length = i, 11
		}
	}
	if start < len(uids) {
		all = append(all, uids[start:])
	}
	return all
}

// set returns ascending UIDs as ranges.
func set(uids []uint32) imap.UIDSet {
	var s imap.UIDSet
	for _, uid := range uids {
		u := imap.UID(uid)
		if n := len(s); n > 0 && s[n-1].Stop+1 == u {
			s[n-1].Stop = u
			continue
		}
		s = append(s, imap.UIDRange{Start: u, Stop: u})
	}
	return s
}

func numbers(uids []imap.UID) []uint32 {
	all := make([]uint32, 0, len(uids))
	for _, uid := range uids {
		all = append(all, uint32(uid))
	}
	return all
}

// absent returns the UIDs that are not in got.
func absent[T any](uids []uint32, got map[uint32]T) []uint32 {
	var left []uint32
	for _, uid := range uids {
		if _, ok := got[uid]; !ok {
			left = append(left, uid)
		}
	}
	return left
}

func values(got map[uint32]desk.Listing) []desk.Listing {
	all := make([]desk.Listing, 0, len(got))
	for _, l := range got {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b desk.Listing) int { return cmp.Compare(a.UID, b.UID) })
	return all
}
