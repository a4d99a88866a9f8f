package desk

import "testing"

// A new task says how to answer if comments on it go out, and only then.
func TestWhatSaysHowToAnswer(t *testing.T) {
	off := testPolicy(t)
	off.Answer = false
	quiet := testPolicy(t)
	quiet.Spam = "quiet"
	for _, c := range []struct {
		name   string
		policy *Policy
		line   string
		want   bool
	}{
		{"a letter", nil, "Subject: x", true},
		{"no auto-reply, but an answer", nil, "From: a@bank.example", true},
		{"letters.comment.enabled is false", off, "Subject: x", false},
		{"an exclusion of letters", nil, "From: mute@quiet.example", false},
		{"spam", quiet, "X-Spam-Flag: YES", false},
		{"a robot", nil, "Auto-Submitted: auto-generated", false},
		{"a newsletter", nil, "Precedence: bulk", false},
	} {
		p := testPolicy(t)
		if c.policy != nil {
			p = c.policy
		}
		d := compile(t, p).Decide(letter(c.line), facts())
		open := find(d, OpenTask)
		if open == nil {
			t.Errorf("%s: %s", c.name, d.Verdict)
		} else if open.Post.Answers != c.want {
			t.Errorf("%s: says how to answer: %v", c.name, open.Post.Answers)
		}
	}
}
