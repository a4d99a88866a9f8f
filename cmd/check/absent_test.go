package check

import (
	"errors"
	"testing"

	"helpdesk/pkg/fault"
)

// A person must look at a host that does not exist, though passes try again. A silent host is a temporary failure.
func TestAbsentHosts(t *testing.T) {
	for cause, temporary := range map[fault.Cause]bool{fault.Absent: false, fault.Silent: true} {
		k := Line{What: "mailbox support"}
		k.fails(fault.Because(cause, fault.Away(fault.Refused, errors.New("no such host"))))
		if k.Temporary != temporary || k.OK {
			t.Errorf("%s: %+v", cause, k)
		}
	}
}
