package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

// parseDuration reads Go's durations, optionally preceded by days: 1d12h. Only zero may have no unit.
func parseDuration(text string) (time.Duration, error) {
	var days time.Duration
	unit := strings.TrimLeft(text, "0123456789")
	if number := strings.TrimSuffix(text, unit); number != "" && strings.HasPrefix(unit, "d") {
		n, err := strconv.Atoi(number)
		if err != nil || n > int(math.MaxInt64/day) {
			return 0, errors.New("out of range")
		}
		days, text = time.Duration(n)*day, unit[len("d"):]
		if text == "" {
			return days, nil
		}
	}
	rest, err := time.ParseDuration(text)
	if err != nil {
		return 0, err
	}
	if rest < 0 || days+rest < days {
		return 0, errors.New("out of range")
	}
	return days + rest, nil
}

var hoursForm = lazy.Regexp(`^(\d{1,2}):(\d{2})\s?[-\x{2013}]\s?(\d{1,2}):(\d{2})$`)

// parseHours reads when a working day begins and ends, as durations since midnight: 09:00-18:00, 00:00-24:00.
func parseHours(text string) (from, to time.Duration, err error) {
	m := hoursForm().FindStringSubmatch(text)
	if m == nil {
		return 0, 0, errors.New("no hours")
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // two digits
	}
	from = time.Duration(n[0])*time.Hour + time.Duration(n[1])*time.Minute
	to = time.Duration(n[2])*time.Hour + time.Duration(n[3])*time.Minute
	if n[1] > 59 || n[3] > 59 || from >= to || to > day {
		return 0, 0, errors.New("out of range")
	}
	return from, to, nil
}

var size = lazy.Regexp(`^(\d+(?:\.\d+)?) ?([kKMGT]?)(i?)B?$`)

// parseSize reads a size in bytes: kB and MB count by 1000, kiB and MiB by 1024.
func parseSize(text string) (int64, error) {
	m := size().FindStringSubmatch(text)
	if m == nil {
		return 0, errors.New("no size")
	}
	base := 1000.0
	if m[3] != "" {
		base = 1024
	}
	n, err := strconv.ParseFloat(m[1], 64)
	n *= math.Pow(base, float64(strings.Index(" KMGT", " "[len(m[2]):]+strings.ToUpper(m[2]))))
	if err != nil || n >= math.MaxInt64 {
		return 0, errors.New("out of range")
	}
	return int64(n), nil
}
