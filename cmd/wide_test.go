package cmd

import (
	"slices"
	"testing"

	"helpdesk/pkg/desk"
)

func TestWideExclusions(t *testing.T) {
	for pattern, want := range map[string]bool{
		"@ru": true, "@*.ru": true, "@com": true, "@com.ru": true, "@*.co.uk": true, "@xn--p1ai": true, "@рф": true,
		"@mail.ru": true, "@Gmail.com": true, "@*.yandex.ru": true, "@msk.ru": true,
		"@gmx.ch": true, "@wp.pl": true, "@abv.bg": true,
		"@domain.ru": false, "@*.domain.ru": false, "ivan@mail.ru": false, "a@ru": false, "@sub.mail.ru": false,
		"@notmail.ru": false, "@example.com.ru": false,
	} {
		p, err := desk.ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wide([]desk.Exclusion{{Match: "@other.example"}, {Match: p.String()}})
		if err != nil || (len(got) > 0) != want || slices.Contains(got, "@other.example") {
			t.Errorf("%s: %v, %v", pattern, got, err)
		}
	}
}
