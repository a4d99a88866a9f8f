package tags

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A page made of parts has the tokens that reading the joined parts gives.
func TestKeepIsReadingAgain(t *testing.T) {
	for _, page := range []string{
		"<p>Касса<b title='a&amp;b'>5</b> стоит<p>Час", "a<br>b<br/>c", "a &am<i>p; b</i>c", "1 <<b>b</b>p>2",
		"1 </<b>b</b>p>2",
		"a<!-- x -->b<i>c</i>d<!-- y", "<style>p{}</style>a<i>b</i>c<style>q{}", "<title>T<i>b</i>c</title>d",
		"<textarea>a<i></textarea>b<i>c</i>", "<script>f()</script>a<i>b<script>g", "a<i>b</i>c<a href=\"d",
		"\r<i>\n</i>\r\n",
		"<i>a</i>b&lt;<i>c</i>d>", "<o:p CLASS=x>a</o:p>b<O:P/>", "a<b></", "a</",
	} {
		keeps(t, page)
	}
}

func FuzzKeep(f *testing.F) {
	f.Add("<p>a<b>b</b>c")
	f.Add("<textarea>a<i></textarea>b<i>c<!--")
	f.Fuzz(func(t *testing.T, page string) {
		if len(page) < 200 {
			keeps(t, page)
		}
	})
}

// keeps checks all pages that lack what is between two tokens, or in the middle of one.
func keeps(t *testing.T, page string) {
	t.Helper()
	p := Read(page)
	places := []int{0, len(page) / 2, len(page)}
	for _, token := range p.tokens {
		places = append(places, int(token.from), int(token.to))
	}
	for _, from := range places {
		for _, to := range places {
			if from > to {
				continue
			}
			got := p.Keep(Range{0, from}, Range{to, len(page)})
			want := Read(page[:from] + page[to:])
			one, other := slices.Collect(got.All()), slices.Collect(want.All())
			if got.Source != want.Source || !reflect.DeepEqual(one, other) {
				t.Fatalf("%q without %d to %d:\n%+v\n%+v", page, from, to, one, other)
			}
		}
	}
}

// The text of a range may end within a text.
func TestTextOfARange(t *testing.T) {
	p := Read("<p>a&amp;b<br>c")
	whole := strings.Index(p.Source, "<br>")
	for to, want := range map[int]string{whole: "a&b", whole - 1: "a&", len(p.Source): "a&b\nc", 3: ""} {
		if got := p.Text(0, to); got != want {
			t.Errorf("up to %d: %q, want %q", to, got, want)
		}
	}
}
