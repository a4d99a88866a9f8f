package markup

import (
	"strings"
	"testing"
)

func TestOutward(t *testing.T) {
	for in, want := range map[string]string{
		"nothing": "nothing",
		"See [URL=https://p.bitrix24.ru/company/personal/user/7/tasks/task/view/3711/]the task[/URL].": "See the task.",
		"[URL]https://p.bitrix24.ru/disk/1[/URL]!":                                                     "!",
		`a [url="//P.Bitrix24.ru:443/x"]b[/url] c`:                                                     "a b c",
		"at https://p.bitrix24.ru/a?b=[1], p.bitrix24.ru/x and https://p.bitrix24.ru":                  "at [1], and",
		"[URL=https://p.bitrix24.ru/~Ab12]file[/URL] https://p.bitrix24.ru/docs/pub/1/":                "file (https://p.bitrix24.ru/~Ab12) https://p.bitrix24.ru/docs/pub/1/",
		"write to a@p.bitrix24.ru or see https://other.ru/?u=https://q.ru and https://xp.bitrix24.ru/": "write to a@p.bitrix24.ru or see https://other.ru/?u=https://q.ru and https://xp.bitrix24.ru/",
		"p.bitrix24.ru is its name": "p.bitrix24.ru is its name",
	} {
		if got := strings.Join(strings.Fields(Plain(Outward(in, "p.bitrix24.ru"))), " "); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if html := HTML(Outward(in, "p.bitrix24.ru")); strings.Contains(html, "p.bitrix24.ru/company") ||
			strings.Contains(html, "p.bitrix24.ru/disk") {
			t.Errorf("%q became %q", in, html)
		}
	}
	if in := "https://p.bitrix24.ru/x"; Outward(in, "") != in {
		t.Error("without a host something is removed")
	}
}
