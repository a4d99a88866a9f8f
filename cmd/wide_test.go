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
		"@RU": true, "@su": true, "@xn--80asehdb": true, "@онлайн": true, "@москва": true, "@*.МОСКВА": true,
		"@kiev.ua": true, "@spb.ru": true, "@*.org.ru": true, "@gov.uk": true, "@co.jp": true, "@travel": true,
		"@hotmail.co.uk": true, "@qq.com": true, "@*.ukr.net": true, "@yahoo.co.jp": true, "@proton.me": true,
		"@T-Online.de": true, "@rambler.ru": true, "@myrambler.ru": true, "@tut.by": true, "@icloud.com": true,
		"@firma.spb.ru": false, "@*.firma.com.ua": false, "@пример.москва": false, "@mail.firma.ru": false,
		"@support.yandex.ru": false, "@avito.ru": false, "@microsoft.com": false,
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
