package portal_test

import (
	"context"
	"testing"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/portal"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func TestQuirkABareNumberIsADialogWithAUser(t *testing.T) {
	s := sandbox.NewPortal(sandbox.PortalOptions{})
	webhook, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := portal.New(portal.Options{Options: bitrix.Options{Webhook: webhook}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Tell(context.Background(), 7, "it fails"); err != nil {
		t.Fatal(err)
	}
	if got := s.Private(7); len(got) != 1 || got[0] != "it fails" || len(s.Tasks()) != 0 {
		t.Errorf("told %v", got)
	}
	if err := c.Tell(context.Background(), 12345, "nobody"); err == nil {
		t.Error("a user who does not exist was told")
	}
}
