package portal

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"helpdesk/pkg/bitrix"
)

// identity is whom the webhook acts as.
//
// QUIRK: the number in its address need not be the acting user's: when the owner is dismissed, the webhook may be moved
// to a system user and keeps its address (rest, apauth/auth.php; intranet, ChangeOwnerCommand). So the portal is asked,
// once in a run.
type identity struct {
	mu    sync.Mutex
	self  int64   // as far as is known
	met   bool    // the portal has told it in this run
	users []int64 // all it ever was, oldest first; what we made belongs to any of them
	was   int64   // who it was before, where that changed in this run
}

// recollect takes what earlier runs have met; before the first of them the number in the webhook's address must do.
func (c *access) recollect() {
	c.who.self = c.Client.Owner()
	if c.RecallEver(savedUsers, &c.who.users); len(c.who.users) > 0 {
		c.who.self = c.who.users[len(c.who.users)-1]
	}
}

// Self returns the id of the portal user the webhook acts as, as far as the portal has told.
func (c *access) Self() int64 {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	return c.who.self
}

// Users returns whom our tasks and comments may belong to, ourselves last.
func (c *access) Users() []int64 {
	c.who.mu.Lock()
	defer c.who.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(c.who.users), func(id int64) bool { return id == c.who.self })
	return append(others, c.who.self)
}

// Moved returns as an error that the webhook has come to act as another user, once, in the run that finds it out; nil =
// it has not.
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

// meet notes whom the webhook acts as, by an answer of the portal. What was found out for another user is forgotten.
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

// profile is the method that tells who we are.
const profile = "profile"

// Batch is that of package bitrix. The first of a run asks who we are, where the question costs no request of its own.
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

// Plan returns an empty plan whose commands run by Batch.
func (c *access) Plan() *bitrix.Plan { return bitrix.NewPlan(c) }
