package portal

import (
	"strings"
	"time"
)

// limits tells what was learned of the portal's limits within the last day.
func (k *checking) limits() {
	k.keys()
	var r refusals
	burst, rate := k.c.bucket.Burst(), float64(k.c.bucket.Limit())
	if k.c.recall(savedRate, &r); r.Count > 0 {
		k.say("rate", false, true, "%d requests refused within a day, the last %s: another program on this address shares the limit, or"+
			" bitrix24.rate is above the portal's: %d at once, then %g a second", r.Count, r.Last.Format(time.DateTime), burst, rate)
	} else {
		k.say("rate", true, true, "none refused within a day, at %d at once, then %g a second", burst, rate)
	}
	if takes := k.c.took("tasks.task.add"); takes > 0 {
		fits := min(maxCommands, max(1, int(k.c.timeout.Seconds()/2/takes)))
		k.say("pace", true, true, "a task takes %.1f s: %d to a request", takes, fits)
	}
	k.c.mu.Lock()
	k.c.loadSpent()
	spent := k.c.spent
	k.c.mu.Unlock()
	for method, u := range spent {
		if u.Seconds >= budget && u.Reset.After(k.c.now()) {
			k.say("time of "+method, false, true, "used up: it is not called before %s", u.Reset.Format(time.TimeOnly))
		}
	}
}

// keys tells whether the portal keeps repeats apart by itself. Only a call that writes can find out, and a check makes
// none.
func (k *checking) keys() {
	v3, keys := false, false
	if k.c.recall(savedV3, &v3); !v3 {
		return
	}
	switch known := k.c.recall(savedKeys, &keys); {
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
