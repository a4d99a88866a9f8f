package bearer

import (
	"errors"
	"testing"
	"time"
)

func TestTokensAreRenewedBeforeTheirEnd(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		life     time.Duration // 0 = never ends
		after    time.Duration
		works    bool
		due      bool
		obtained time.Duration // later than noon
	}{
		"fresh":              {life: time.Hour, works: true},
		"a minute before":    {life: time.Hour, after: 53 * time.Minute, works: true},
		"a tenth left":       {life: time.Hour, after: 54 * time.Minute, works: true, due: true},
		"almost over":        {life: time.Hour, after: time.Hour - 5*time.Second, due: true},
		"over":               {life: time.Hour, after: 2 * time.Hour, due: true},
		"short":              {life: 5 * time.Minute, after: 2 * time.Minute, works: true},
		"short, half":        {life: 5 * time.Minute, after: 3 * time.Minute, works: true, due: true},
		"a year":             {life: 365 * 24 * time.Hour, after: 300 * 24 * time.Hour, works: true},
		"a year, a month":    {life: 365 * 24 * time.Hour, after: 330 * 24 * time.Hour, works: true, due: true},
		"for ever":           {after: 1000 * time.Hour, works: true},
		"the clock is back":  {life: time.Hour, obtained: 3 * time.Hour, due: true},
		"a little back":      {life: time.Hour, obtained: 30 * time.Second, works: true},
		"back, and for ever": {obtained: 3 * time.Hour, due: true},
	} {
		k := Token{Access: "x", Obtained: noon.Add(c.obtained)}
		if c.life > 0 {
			k.Expires = k.Obtained.Add(c.life)
		}
		if now := noon.Add(c.after); k.Works(now) != c.works || k.Due(now) != c.due {
			t.Errorf("%s: works %v, due %v", name, k.Works(now), k.Due(now))
		}
	}
	if (Token{}).Works(noon) || !(Token{}).Due(noon) {
		t.Error("no token works")
	}
}

func TestTheEndOfASignIn(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	hour, week := noon.Add(time.Hour), noon.AddDate(0, 0, 7)
	for name, c := range map[string]struct {
		k         Token
		ends      time.Time
		renewable bool
	}{
		"renewed for ever":  {k: Token{Refresh: "r", Expires: hour}, renewable: true},
		"no refresh token":  {k: Token{Expires: hour}, ends: hour},
		"revoked":           {k: Token{Refresh: "r", Expires: hour, Broken: "revoked"}, ends: hour},
		"until next week":   {k: Token{Refresh: "r", Expires: hour, Until: week}, ends: week, renewable: true},
		"until, and moving": {k: Token{Refresh: "r", Expires: hour, Until: week, Rolls: true}, renewable: true},
		"past its until": {
			k:    Token{Refresh: "r", Expires: hour, Until: noon.Add(-time.Hour)},
			ends: noon.Add(-time.Hour),
		},
	} {
		if !c.k.Ends().Equal(c.ends) || c.k.Renewable(noon) != c.renewable {
			t.Errorf("%s: ends %v, renewable %v", name, c.k.Ends(), c.k.Renewable(noon))
		}
	}
}

func TestWhatARefusalSays(t *testing.T) {
	for challenge, want := range map[string]string{
		`{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`: "token refused: the server says " +
			"400, wanted scope: https://mail.google.com/",
		`{"status":"invalid_token","openid-configuration":"https://x"}`: "token refused: the server says invalid_token",
		`{"status":401}`:       `token refused: {"status":401}`,
		"Expired\r\n\x1b[2J":   "token refused: Expired [2J",
		"":                     "token refused",
		`{"schemes":"Bearer"}`: `token refused: {"schemes":"Bearer"}`,
	} {
		if err := Refused([]byte(challenge)); !errors.Is(err, ErrRefused) || err.Error() != want {
			t.Errorf("%q: %v", challenge, err)
		}
	}
}

func TestWhatIsSaidFirst(t *testing.T) {
	for mechanism, want := range map[string]string{
		XOAuth2:     "user=a=b@c.ru\x01auth=Bearer T\x01\x01",
		OAuthBearer: "n,a=a=3Db@c.ru,\x01host=h\x01port=993\x01auth=Bearer T\x01\x01",
	} {
		if got := Initial(mechanism, "a=b@c.ru", "h", 993, "T"); string(got) != want {
			t.Errorf("%s: %q", mechanism, got)
		}
	}
	if m, ok := Choose(func(m string) bool { return m == OAuthBearer }); m != OAuthBearer || !ok {
		t.Errorf("chosen: %s", m)
	}
	if m, _ := Choose(func(string) bool { return true }); m != XOAuth2 {
		t.Errorf("of both: %s", m)
	}
	if _, ok := Choose(func(string) bool { return false }); ok {
		t.Error("neither is offered")
	}
}
