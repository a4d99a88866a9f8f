package stats

import (
	"sort"
	"time"
)

// shifts are the working days of the reported time: the start and the length of each, and the time worked before it.
type shifts struct {
	opens, lasts, before []int64 // Unix seconds, seconds, seconds
}

// newShifts lists the working days from Since to Now.
func newShifts(o Options) shifts {
	var s shifts
	var sum int64
	zone := o.Calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	year, month, first := o.Since.In(zone).Date()
	for i := 0; ; i++ { // by noons, which every day has
		noon := time.Date(year, month, first+i, 12, 0, 0, 0, zone)
		if noon.After(o.Now.Add(36 * time.Hour)) {
			return s
		}
		opens, closes, ok := o.Calendar.Hours(noon)
		if last := int64(closes.Sub(opens) / time.Second); ok && last > 0 {
			s.opens, s.lasts, s.before = append(s.opens, opens.Unix()), append(s.lasts, last), append(s.before, sum)
			sum += last
		}
	}
}

// until returns the seconds worked from the first shift to t.
func (s shifts) until(t time.Time) int64 {
	at := t.Unix()
	i := sort.Search(len(s.opens), func(i int) bool { return s.opens[i] > at }) - 1
	if i < 0 {
		return 0
	}
	return s.before[i] + min(at-s.opens[i], s.lasts[i])
}
