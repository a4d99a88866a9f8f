package portal

import (
	"strings"
	"time"
)

// limits tells what was learned of the portal's limits within the last day.
func (k *checking) limits() {
	k.keys()
	l := k.c.Limits()
	if l.Refused > 0 {
		k.say("rate", false, true, "requests refused within a day: %d, the last %s: another program on this address "+
			"shares the limit, or"+
			" bitrix24.rate is above the portal's: %d at once, then %g a second", l.Refused,
			l.Last.Format(time.DateTime), l.Burst, l.PerSecond)
	} else {
		k.say("rate", true, true, "none refused within a day, at %d at once, then %g a second", l.Burst, l.PerSecond)
	}
	if takes, fits := k.c.Pace("tasks.task.add"); takes > 0 {
		k.say("pace", true, true, "a task takes %.1f s: %d to a request", takes, fits)
	}
	for method, until := range l.Resting {
		k.say("time of "+method, false, true, "used up: it is not called before %s", until.Format(time.TimeOnly))
	}
}

// keys reports whether the portal keeps repeats apart by itself. Only a call that writes can find out, and a check
// makes none.
func (k *checking) keys() {
	v3, keys := false, false
	if k.c.Recall(savedV3, &v3); !v3 {
		return
	}
	switch known := k.c.Recall(savedKeys, &keys); {
	case !known:
		k.say("Idempotency-Key", true, true, "not known before the first task that is made by itself")
	case keys:
		hint := "known: a repeated call makes nothing twice"
		if dropped := k.c.dropped(); len(dropped) > 0 {
			hint += "; tasks with " + strings.Join(dropped, ", ") + " are made by REST v2"
		}
		k.say("Idempotency-Key", true, true, "%s", hint)
	default:
		k.say("Idempotency-Key", false, true, "not used: what is in doubt is looked for before it is repeated")
	}
}
