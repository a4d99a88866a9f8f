package portal

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"helpdesk/pkg/bitrix"
)

// identity is the user that the webhook acts as.
//
// QUIRK: the number in the webhook's address need not be the acting user's: when the owner is dismissed, the webhook
// may be moved to a system user and keeps its address (rest, apauth/auth.php; intranet, ChangeOwnerCommand). So the
// portal is asked once per run.
type identity struct {
	mu    sync.Mutex
	self  int64   // the best known value
	met   bool    // the portal has confirmed it in this run
	users []int64 // all users so far, oldest first; our tasks and comments may belong to any of them
	was   int64   // the user before, if it changed in this run
}

// recollect loads what earlier runs learned; before the first run it uses the number in the webhook's address.
func (c *access) recollect() {
	c.who.self = c.Client.Owner()
	if c.RecallEver(savedUsers, &c.who.users); len(c.who.users) > 0 {
		c.who.self = c.who.users[len(c.who.users)-1]
	}
}

// Self returns the id of the portal user that the webhook acts as, as far as it is known.
func (c *access) Self() int64 {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	return c.who.self
}

// Users returns the users to whom our tasks and comments may belong, the present one last.
func (c *access) Users() []int64 {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(c.who.users), func(id int64) bool { return id == c.who.self })
	return append(others, c.who.self)
}

// Moved returns an error, once, in the run that finds that the webhook acts as another user; otherwise nil.
func (c *access) Moved() error {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	if c.who.was == 0 {
		return nil
	}
	err := fmt.Errorf("the webhook acts as user %d now, and was user %d before: what user %[2]d made is read on; see "+
		"whether user %[1]d may"+
		" see those tasks", c.who.self, c.who.was)
	c.who.was = 0
	return err
}

// meet records the acting user from an answer of the portal. If the user is a new one, it forgets what was found out
// for the one before.
func (c *access) meet(id int64) {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	if id == 0 || c.who.met && id == c.who.self {
		return
	}
	c.who.met = true
	known := len(c.who.users) > 0
	if known && id == c.who.users[len(c.who.users)-1] {
		return
	}
	if known {
		c.who.was = c.who.self
	}
	if c.who.self != id {
		for _, name := range []string{savedFolder, savedNoDisk, savedNoCRM, savedScopes} {
			c.Forget(name)
		}
	}
	c.who.self = id
	c.who.users = append(slices.DeleteFunc(c.who.users, func(old int64) bool { return old == id }), id)
	c.Remember(savedUsers, c.who.users)
}

func (c *access) unmet() bool {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	return !c.who.met
}

// profile is the method that returns the acting user.
const profile = "profile"

// Batch runs a batch of package bitrix. The first one in a run also asks for the acting user, if this costs no extra
// request.
func (c *access) Batch(ctx context.Context, cmds []bitrix.Command) ([]bitrix.Answer, error) {
	n := len(cmds)
	if !c.unmet() || n == 0 {
		return c.Client.Batch(ctx, cmds)
	}
	at := slices.IndexFunc(cmds, func(cmd bitrix.Command) bool { return cmd.Method == profile })
	asked := at >= 0
	if !asked && bitrix.Requests(n+1) > bitrix.Requests(n) {
		return c.Client.Batch(ctx, cmds)
	}
	if !asked {
		at = min(n, bitrix.MaxCommands-1)
		cmds = slices.Insert(slices.Clone(cmds), at, bitrix.Do(profile, nil))
	}
	answers, err := c.Client.Batch(ctx, cmds)
	var r struct {
		ID bitrix.ID `json:"ID"`
	}
	if a := answers[at]; a.Err == nil && bitrix.Into(a.Result, &r) == nil { // the object is empty for an inactive user
		c.meet(int64(r.ID))
	}
	if !asked {
		answers = slices.Delete(answers, at, at+1)
	}
	return answers, err
}

// Plan returns an empty plan that runs its commands by Batch.
func (c *access) Plan() *bitrix.Plan { return bitrix.NewPlan(c) }
