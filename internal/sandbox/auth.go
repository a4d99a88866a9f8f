package main

import (
	"fmt"
	"maps"
	"slices"

	"helpdesk/pkg/sandbox/auth"
)

// startAuth starts an authorization server. The embedded mailbox and relay accept its tokens.
func startAuth(h *hand, o options, vars map[string]string) {
	s := auth.New(auth.Options{Account: user, Lifetime: o.auth, Rotate: true})
	at, err := s.Start()
	h.want(err)
	h.Cleanup(func() { _ = s.Close() })
	h.Cleanup(func() {
		asked := s.Asked()
		for _, grant := range slices.Sorted(maps.Keys(asked)) {
			fmt.Fprintf(h.out, "%d token requests: %s\n", asked[grant], grant)
		}
	})
	h.token = s.Valid
	vars["HELPDESK_OAUTH_URL"] = at
}
