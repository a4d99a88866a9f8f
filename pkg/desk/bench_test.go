package desk_test

import (
	"path/filepath"
	"testing"
)

// BenchmarkDecide measures Ask and Decide for parsed letters of the corpus, one of each sort.
func BenchmarkDecide(b *testing.B) {
	rules, cutter := corpusRules(b)
	for _, c := range []struct{ name, file string }{
		{"new request", "017-alternative-outlook"},
		{"repeat contact", "160-repeat-own-thread"},
		{"many in copy", "019-cc-many"},
		{"out of office", "064-exchange-ooo-ru"},
		{"bounce", "096-postfix-bounce"},
		{"newsletter", "121-newsletter-mailchimp"},
		{"ignored", "061-excluded-mail"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			m := read(b, cutter, filepath.Join("testdata/corpus", c.file+".eml"), 1)
			f := world(rules, rules.Ask(&m, corpusSigner))
			for b.Loop() {
				rules.Ask(&m, corpusSigner)
				if d := rules.Decide(&m, f); d.Verdict == "" {
					b.Fatal("undecided")
				}
			}
		})
	}
}
