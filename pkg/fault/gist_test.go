package fault

import "testing"

func TestTheGistIsTheSameToWhomeverItIsSaid(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{
			"send to ivan@example.org: RCPT: 550 \"5.7.1 <ivan@example.org>: Access denied\"",
			"send to olga@x.ru: RCPT: 550 \"5.7.1 <olga@x.ru>: access  denied\"",
			true,
		},
		{"550 no (4f3a2b-0019)", "550 no (11c0ff-0020)", true},
		{"550 no such user", "550 policy rejection", false},
		{"550 see https://a.example/1?x=y", "550 see https://a.example/2", true},
	} {
		if (Gist(c.a) == Gist(c.b)) != c.same {
			t.Errorf("%q and %q: %q, %q", c.a, c.b, Gist(c.a), Gist(c.b))
		}
	}
}
