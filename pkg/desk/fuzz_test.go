package desk

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// slowest is the time limit for processing one field, whatever it contains.
const slowest = 5 * time.Second

func FuzzSubject(f *testing.F) {
	for _, s := range []string{"Re: Fwd: Принтер", "RE: [EXTERNAL] RE: [EXT] Принтер",
		"SV: R: Re[2]: Re^3: RE：Принтер", "[#12-3456] [#12-3456-7] x",
		"{Spam?} {Disarmed} x", strings.Repeat("Re: ", 300), "[[[[[(((((EXT", "Re\u00ad:\u200b x",
		"\xff\xfe Re: \x00"} {
		f.Add(s)
	}
	r := compile(f, testPolicy(f))
	f.Fuzz(func(t *testing.T, subject string) {
		begun := time.Now()
		clean, normal := r.CleanSubject(subject), r.NormalSubject(subject)
		if strings.ContainsAny(clean, "\r\n") || utf8.ValidString(subject) && !utf8.ValidString(clean) {
			t.Errorf("%q is cleaned to %q", subject, clean)
		}
		if again := r.NormalSubject("Re: " + subject); utf8.ValidString(subject) && again != normal {
			t.Errorf("%q is compared as %q, and as %q in an answer", subject, normal, again)
		}
		m := &Message{From: Address{Addr: "a@b.ru"}, Subject: subject, ID: "1@b.ru"}
		r.Decide(m, Facts{Now: time.Unix(1_800_000_000, 0), Signer: Signer{Secret: []byte("secret")}})
		if took := time.Since(begun); took > slowest {
			t.Errorf("%d bytes take %v", len(subject), took)
		}
	})
}

func FuzzOwnIDs(f *testing.F) {
	ours, others := Signer{Secret: []byte("secret")}, Signer{Secret: []byte("another")}
	key := DeriveKey("x")
	for _, id := range []string{ours.MessageID(key, "firm.ru"), others.MessageID(key, "firm.ru"), "hd." + key,
		"hd." + key + ".@firm.ru",
		strings.ToUpper(ours.MessageID(key, "x")), "hd." + key + ".0@@", ours.Marker(key) + " hd-0123456789abcdef",
		ours.Token(3711) + "[#3711-0000]",
		"[#999999999999999-0000]", strings.Replace(ours.MessageID(key, "firm.ru"), key+".", key+"X", 1),
		"\nhd-00000000ffffffff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, form, valid := ours.OwnID(text)
		if valid && !form || form != (OwnKey(text) != "") || form && key != OwnKey(text) {
			t.Errorf("%q: key %q, form %v, valid %v, by form alone %q", text, key, form, valid, OwnKey(text))
		}
		if _, _, by := others.OwnID(text); by && valid {
			t.Errorf("%q is ours and others'", text)
		}
		if _, host, _ := strings.Cut(text, "@"); valid && !strings.EqualFold(text, ours.MessageID(key, host)) {
			t.Errorf("%q is believed, and is not what we make", text)
		}
		if ours.Carries(text) && !slices.ContainsFunc(marker().FindAllString(text, -1), func(mark string) bool {
			return mark == ours.Marker(mark[3:11])
		}) {
			t.Errorf("%q carries no marker of ours", text)
		}
		right, _ := ours.Tokens(text)
		for _, task := range right {
			if task < 0 || !strings.Contains(text, "-"+ours.check(task)+"]") {
				t.Errorf("%q: task %d", text, task)
			}
		}
		if left, _ := ours.Tokens(CutTokens(text)); len(left) > 0 {
			t.Errorf("%q: tokens are left", text)
		}
	})
}
