package field

import (
	"strings"
	"testing"
	"time"
)

// slowest bounds the time for one input.
const slowest = 5 * time.Second

func TestVerdict(t *testing.T) {
	for value, want := range map[string]string{
		"mx.example.ru; dmarc=fail":                                                         "fail",
		"mx.example.ru 1; spf=pass; DMARC=Fail (p=none)":                                    "fail",
		`mx.example.ru; spf=fail reason="x; dmarc=pass"; dmarc=fail`:                        "fail",
		`mx.example.ru; dmarc=fail reason="policy; dmarc=pass"`:                             "fail",
		`mx.example.ru; spf=none smtp.mailfrom="a;dmarc=fail"@x.example; dmarc=pass`:        "pass",
		`mx.example.ru; auth=pass smtp.auth="a\"; dmarc=pass; x=\""; dmarc=fail`:            "fail",
		"mx.example.ru; dmarc=pass header.from=a.example; dmarc=fail header.from=b.example": "fail",
		"mx.example.ru; dmarc=fail header.from=b.example; dmarc=pass header.from=a.example": "fail",
		"mx.example.ru; dmarc=pass; dmarc=temperror":                                        "temperror",
		"mx.example.ru; dmarc/1=fail":                                                       "fail",
		"mx.example.ru; dmarc (x=y; dmarc=pass) = (z) fail":                                 "fail",
		`"mx.example.ru" 1; dmarc=fail`:                                                     "fail",
		"mx.example.ru; spf=pass (dmarc=fail)":                                              "",
		"mx.example.ru; xdmarc=fail; dmarc.x=fail":                                          "",
		"mx.example.ru; none":                                                               "",
		"mx.example.ru":                                                                     "",
		`mx.example.ru; spf="`:                                                              "",
		`mx.example.ru; spf=pass smtp.mailfrom=a"b@x.example; dmarc=fail`:                   "fail",
		`mx.example.ru; spf=pass smtp.mailfrom="b@x.example; dmarc=fail`:                    "fail",
		`mx.example.ru; spf=pass smtp.mailfrom=a(b@x.example; dmarc=fail`:                   "fail",
		`mx.example.ru; spf=pass smtp.mailfrom="a(b"@x.example; dmarc=fail (p=none)`:        "fail",
		`mx.example.ru; spf=pass smtp.mailfrom=a"b; dkim=none header.i=c"d@x; dmarc=fail`:   "fail",
		"mx.example.ru;\r\n\tspf=softfail (a \"b\" c) smtp.mailfrom=x;\r\n\tdmarc=fail":     "fail",
		"mx.example.ru; dmarc=\"fail\"":                                                     "fail",
		"MX.Example.RU; dkim=pass; dmarc=permerror; dmarc=fail; dmarc=pass":                 "fail",
		"mx.example.ru (a; dmarc=fail) 1 (b); dmarc=pass":                                   "pass",
		"other.example; dmarc=fail":                                                         "",
	} {
		if got := Verdict([]string{value}, "mx.example.ru", "dmarc"); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func FuzzAuthResults(f *testing.F) {
	for _, v := range []string{`mx.firm.ru; dmarc=fail header.from=b.ru`,
		`mx.firm.ru 1; spf=pass reason="a;dmarc=pass"; dmarc=fail`,
		`"mx.firm.ru"; dmarc=pass (p=none; (dis=none)); dmarc=fail`, `mx.firm.ru (a\)b;)"c\"d; dmarc/1=Pass`,
		`mx.firm.ru;`, `; dmarc=pass`, `(((`, `"\`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		begun := time.Now()
		said := func(v string) string {
			return Verdict([]string{v}, "mx.firm.ru", "dmarc")
		}
		if said(v) != "" && !strings.Contains(strings.ToLower(v), "dmarc") {
			t.Errorf("%q: %q", v, said(v))
		}
		if got := said(`mx.firm.ru; dmarc=fail; x="` + strings.NewReplacer(`"`, "", `\`, "").Replace(v) +
			`"`); got != "fail" {
			t.Errorf("%q within quotes changes the verdict to %q", v, got)
		}
		if got := said("mx.firm.ru; dmarc=fail (" + strings.NewReplacer("(", "", ")", "", `\`, "").Replace(v) +
			")"); got != "fail" {
			t.Errorf("%q within a comment changes the verdict to %q", v, got)
		}
		if took := time.Since(begun); took > slowest {
			t.Errorf("%d bytes take %v", len(v), took)
		}
	})
}
