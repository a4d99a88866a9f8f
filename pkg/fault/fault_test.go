package fault

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestWhatIsNotSaidIsUnsure(t *testing.T) {
	plain := errors.New("boom")
	if Of(plain) != Unsure || Of(nil) != Unsure || ExtentOf(plain) != One || After(plain) != 0 || Known(plain) {
		t.Error("an error that says nothing says something")
	}
}

func TestItIsFoundBelowOtherErrors(t *testing.T) {
	cause := errors.New("boom")
	for _, tt := range []struct {
		err     error
		outcome Outcome
		extent  Extent
	}{
		{New(Never, cause), Never, One},
		{Away(Refused, cause), Refused, Server},
		{Misconfigured(cause), Refused, Setup},
		{&Error{Err: cause}, Unsure, One},
	} {
		err := fmt.Errorf("send letter: %w", tt.err)
		if Of(err) != tt.outcome || ExtentOf(err) != tt.extent || !Known(err) || !errors.Is(err, cause) {
			t.Errorf("%v: %v, %v", err, Of(err), ExtentOf(err))
		}
	}
	if After(fmt.Errorf("x: %w", &Error{After: time.Minute, Err: cause})) != time.Minute {
		t.Error("how long to wait is lost")
	}
}
