package alarm

import (
	"slices"
	"testing"
	"time"
)

var nine = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

func at(minute int) time.Time { return nine.Add(time.Duration(minute) * time.Minute) }

func nothing(Trouble) bool { return false }

func all(Trouble) bool { return true }

var (
	wrong = Trouble{Kind: Mailbox, Name: "support", Cause: "login", Person: true}
	away  = Trouble{Kind: Mailbox, Name: "support", Cause: "silent"}
)

// told simulates one pass a minute: each records what it sees, and alarms are sent to who. It returns the minutes in
// which an alarm was sent, negative for an end.
func told(b *Book, who string, minutes [][]Trouble, over func(Trouble) bool) (when []int) {
	for i, ts := range minutes {
		b.See(at(i), Sight{Pass: "poll", Troubles: ts, Over: over}, 3)
		owed := b.Owed(who, at(i))
		for _, e := range owed {
			if e.Open() {
				when = append(when, i)
			} else {
				when = append(when, -i)
			}
		}
		if len(owed) > 0 {
			b.Tell(who, owed)
		}
		b.Lines(at(i))
		b.Close([]string{who}, at(i))
	}
	return when
}

func TestWhenPeopleAreTold(t *testing.T) {
	one := func(t Trouble) []Trouble { return []Trouble{t} }
	for name, c := range map[string]struct {
		minutes [][]Trouble
		over    func(Trouble) bool
		want    []int
	}{
		"what only a person can mend, at once, once, and its end": {
			[][]Trouble{one(wrong), one(wrong), one(wrong), nil, nil}, all, []int{0, -3}},
		"what lasts, and its end": {
			[][]Trouble{one(away), one(away), one(away), one(away), nil, nil},
			all,
			[]int{2, -4},
		},
		"what does not last": {
			[][]Trouble{one(away), one(away), nil, one(away), one(away), nil},
			all,
			nil,
		},
		"what a pass knows nothing of": {[][]Trouble{one(wrong), nil, nil, one(wrong)}, nothing, []int{0}},
		"what needs a person later on": {
			[][]Trouble{one(away), one(away), one(away), one(wrong), one(wrong)},
			all,
			[]int{2, 3},
		},
		"what is back": {[][]Trouble{one(wrong), nil, one(wrong), nil}, all, []int{0, -1, 2, -3}},
		"an entry that is tried again": {
			[][]Trouble{one(Trouble{Kind: Waiting, Name: "1", Person: true}), nil},
			all,
			nil,
		},
		"the same, named twice by a pass": {[][]Trouble{{wrong, wrong}, nil}, all, []int{0, -1}},
		"a notice has no end": {
			[][]Trouble{one(Trouble{Kind: Notice, Name: "portal", Person: true}), nil, nil},
			nothing,
			[]int{0},
		},
		"two of a kind are told each once": {
			[][]Trouble{{wrong, {Kind: Mailbox, Name: "sales", Person: true}}, one(wrong)},
			all,
			[]int{0, 0, -1},
		},
	} {
		b := &Book{}
		if got := told(b, "chat 7", c.minutes, c.over); !slices.Equal(got, c.want) {
			t.Errorf("%s: told in the minutes %v, want %v", name, got, c.want)
		}
	}
}

func TestWhoCouldNotBeToldIsToldLater(t *testing.T) {
	b := &Book{}
	b.See(at(0), Sight{Pass: "poll", Troubles: []Trouble{wrong}, Over: all}, 3)
	owed := b.Owed("chat 7", at(0))
	b.Tell("chat 7", owed)
	b.Untell("chat 7", owed, at(0))
	if len(b.Owed("chat 7", at(1))) != 0 {
		t.Error("asked again a minute later")
	}
	if len(b.Owed("mail a@b.example", at(1))) != 1 {
		t.Error("others are not told")
	}
	if len(b.Owed("chat 7", at(16))) != 1 {
		t.Error("never asked again")
	}
}

// The end of a trouble is kept for a day for recipients that can't be reached.
func TestTheEndIsKeptForADay(t *testing.T) {
	b := &Book{}
	who := []string{"chat 7"}
	b.See(at(0), Sight{Pass: "poll", Troubles: []Trouble{wrong}, Over: all}, 3)
	b.Lines(at(0))
	b.See(at(5), Sight{Pass: "poll", Over: all}, 3)
	b.Lines(at(5))
	b.Close(who, at(5))
	if owed := b.Owed("chat 7", at(6)); len(owed) != 1 || owed[0].Lasted(at(60)) != 5*time.Minute {
		t.Errorf("owed %+v", owed)
	}
	b.Close(who, at(5+24*60+1))
	if !b.Empty() {
		t.Errorf("left %+v", b.Entries)
	}
}

func TestWhatIsPrinted(t *testing.T) {
	b := &Book{}
	var got []int
	for minute := range 200 {
		s := Sight{Pass: "poll", Over: all}
		if minute >= 10 && minute < 150 {
			s.Troubles = []Trouble{away}
		}
		b.See(at(minute), s, 1000)
		for _, e := range b.Lines(at(minute)) {
			if e.Open() {
				got = append(got, minute)
			} else {
				got = append(got, -minute)
			}
		}
		b.Close(nil, at(minute))
	}
	if want := []int{10, 70, 130, -150}; !slices.Equal(got, want) {
		t.Errorf("printed in the minutes %v, want %v", got, want)
	}
	if !b.Empty() {
		t.Errorf("left %+v", b.Entries)
	}
}

// A mistake in the settings or the state that gives way to another one is printed. What a damaged state says depends on
// what of it was read first, so its cause decides.
func TestWhatIsPrintedOfAnotherError(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		cause string
		want  int
	}{{Settings, "", 4}, {State, "", 4}, {State, "damaged", 1}} {
		b, printed := &Book{}, 0
		for minute, note := range []string{"one", "other", "one", "other"} {
			s := Sight{Pass: "poll", Over: all, Troubles: []Trouble{{
				Kind:   c.kind,
				Cause:  c.cause,
				Note:   note,
				Person: true,
			}}}
			b.See(at(minute), s, 3)
			printed += len(b.Lines(at(minute)))
		}
		if printed != c.want {
			t.Errorf("%s %s: printed %d times, want %d", c.kind, c.cause, printed, c.want)
		}
	}
}

func TestWarningsArePrintedOnceAnHour(t *testing.T) {
	b := &Book{}
	var got []int
	for minute := range 130 {
		if b.Warn("read comments task=1", at(minute)) {
			got = append(got, minute)
		}
	}
	if !slices.Equal(got, []int{0, 60, 120}) || !b.Warn("read comments task=2", at(1)) {
		t.Errorf("printed in the minutes %v", got)
	}
}
