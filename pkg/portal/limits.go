package portal

import (
	"strings"
	"time"
)

// limits reports what was learned of the portal's limits within the last day.
func (k *checking) limits() {
	k.keys()
	l := k.c.Limits()
	if l.Refused > 0 {
		k.say("rate", false, true, "check.portal.rate.refused", l.Refused,
			l.Last.Format(time.DateTime), l.Burst, l.PerSecond)
	} else {
		k.say("rate", true, true, "check.portal.rate", l.Burst, l.PerSecond)
	}
	if takes, fits := k.c.Pace("tasks.task.add"); takes > 0 {
		k.say("pace", true, true, "check.portal.pace", takes, fits)
	}
	for method, until := range l.Resting {
		k.say("time of "+method, false, true, "check.portal.time", until.Format(time.TimeOnly))
	}
}

// keys reports whether the portal supports Idempotency-Key. Only a call that writes can find out, and a check does not
// write.
func (k *checking) keys() {
	v3, keys := false, false
	if k.c.Recall(savedV3, &v3); !v3 {
		return
	}
	switch known := k.c.Recall(savedKeys, &keys); {
	case !known:
		k.say("Idempotency-Key", true, true, "check.portal.keys.unknown")
	case keys:
		if dropped := k.c.dropped(); len(dropped) > 0 {
			k.say("Idempotency-Key", true, true, "check.portal.keys.some", strings.Join(dropped, ", "))
			return
		}
		k.say("Idempotency-Key", true, true, "check.portal.keys")
	default:
		k.say("Idempotency-Key", false, true, "check.portal.keys.none")
	}
}
