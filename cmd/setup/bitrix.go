package setup

import (
	"context"
	"strconv"
	"strings"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/portal"
)

// bitrix24 is the portal behind a webhook.
type bitrix24 struct{ c *portal.Client }

// Bitrix24 returns the portal of a webhook; it does not connect yet.
func Bitrix24(o bitrix.Options) (Portal, error) {
	c, err := portal.New(portal.Options{Options: o})
	if err != nil {
		return nil, err
	}
	return bitrix24{c}, nil
}

// employee is a user as the portal encodes it: numbers are strings.
type employee struct {
	ID       string `json:"ID"`
	Name     string `json:"NAME"`
	LastName string `json:"LAST_NAME"`
}

func (e employee) who() Who {
	id, _ := strconv.ParseInt(e.ID, 10, 64)
	return Who{ID: id, Name: strings.TrimSpace(e.Name + " " + e.LastName)}
}

// Me returns the webhook's user.
func (b bitrix24) Me(ctx context.Context) (Who, error) {
	var me employee
	err := b.c.Call(ctx, "profile", nil, &me)
	return me.who(), err
}

// Scopes returns the rights of the webhook.
func (b bitrix24) Scopes(ctx context.Context) (scopes []string, err error) {
	return scopes, b.c.Call(ctx, "scope", nil, &scopes)
}

// userPages bounds the pages of 50 users to search for a name.
const userPages = 40

// Users returns the employee with that number, or those whose name contains all the words.
func (b bitrix24) Users(ctx context.Context, sought string) ([]Who, error) {
	if _, err := strconv.ParseInt(sought, 10, 64); err == nil {
		return b.page(ctx, bitrix.With("FILTER", bitrix.With("ID", []string{sought})).With("start", -1))
	}
	var found []Who
	words := strings.Fields(strings.ToLower(sought))
	for start := 0; start < 50*userPages; start += 50 {
		page, err := b.page(ctx, bitrix.With("FILTER", bitrix.With("ACTIVE", true)).With("start", start))
		if err != nil {
			return nil, err
		}
		for _, who := range page {
			if hasAll(strings.ToLower(who.Name), words) {
				found = append(found, who)
			}
		}
		if len(page) < 50 {
			break
		}
	}
	return found, nil
}

// Groups returns the group with that number, or those whose name contains all the words.
func (b bitrix24) Groups(ctx context.Context, sought string) (found []Who, err error) {
	if id, err := strconv.ParseInt(sought, 10, 64); err == nil {
		g, ok, err := b.c.Group(ctx, id)
		if !ok || !g.Active || err != nil {
			return nil, err
		}
		return []Who{{g.ID, g.Name}}, nil
	}
	all, err := b.c.Groups(ctx)
	words := strings.Fields(strings.ToLower(sought))
	for _, g := range all {
		if hasAll(strings.ToLower(g.Name), words) {
			found = append(found, Who{g.ID, g.Name})
		}
	}
	return found, err
}

func (b bitrix24) page(ctx context.Context, params bitrix.Params) ([]Who, error) {
	var rows []employee
	if err := b.c.Call(ctx, "user.get", params, &rows); err != nil {
		return nil, err
	}
	all := make([]Who, len(rows))
	for i, row := range rows {
		all[i] = row.who()
	}
	return all, nil
}

func hasAll(name string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(name, w) {
			return false
		}
	}
	return len(words) > 0
}
