package portal

import (
	"context"
	"errors"
	"strconv"

	"helpdesk/pkg/bitrix"
)

// GroupScopes are the scopes for Groups; any one of them is enough.
var GroupScopes = []string{"sonet_group", "socialnetwork"}

// Group is a workgroup or project of the portal.
type Group struct {
	ID     int64
	Name   string
	Active bool // false: archived or switched off
}

// groupPages bounds how many pages of 50 groups Groups reads.
const groupPages = 40

// Group returns the group with the given number. The second result is false if there is no such group, or if the
// webhook's user may not see it.
func (r *Reader) Group(ctx context.Context, id int64) (Group, bool, error) {
	found, err := r.groupPage(ctx, strconv.FormatInt(id, 10), -1)
	for _, g := range found { // the portal ignores a filter that it does not know
		if g.ID == id {
			return g, true, err
		}
	}
	return Group{}, false, err
}

// Groups returns the active groups and projects that the webhook's user may see.
func (r *Reader) Groups(ctx context.Context) (all []Group, err error) {
	for start := 0; start < pageSize*groupPages; start += pageSize {
		page, err := r.groupPage(ctx, "", start)
		if err != nil {
			return nil, err
		}
		for _, g := range page {
			if g.Active {
				all = append(all, g)
			}
		}
		if len(page) < pageSize {
			break
		}
	}
	return all, nil
}

// groupPage asks for a page of groups: the group with the number, or all active ones. If the webhook lacks the scope of
// the first method, the second is called (sonet-group/sonet-group-get, sonet-group/socialnetwork-api-workgroup-list).
func (r *Reader) groupPage(ctx context.Context, id string, start int) ([]Group, error) {
	filter := bitrix.With("ACTIVE", "Y").With("CLOSED", "N")
	if id != "" {
		filter = bitrix.With("ID", id)
	}
	var rows []groupRow
	err := r.Call(ctx, "sonet_group.get", bitrix.With("FILTER", filter).
		With("ORDER", bitrix.With("ID", "ASC")).With("start", start), &rows)
	var refused *bitrix.Error
	if errors.As(err, &refused) && refused.Coded("insufficient_scope") {
		var list struct {
			Workgroups []groupRow `json:"workgroups"`
		}
		// QUIRK: without select the answer contains only the number.
		err = r.Call(ctx, "socialnetwork.api.workgroup.list", bitrix.With("filter", filter).
			With("select", []string{"ID", "NAME", "ACTIVE", "CLOSED"}).
			With("order", bitrix.With("ID", "ASC")).With("start", start), &list)
		rows = list.Workgroups
	}
	all := make([]Group, len(rows))
	for i, row := range rows {
		all[i] = Group{int64(row.ID), string(row.Name), row.Active == "Y" && row.Closed == "N"}
	}
	return all, err
}

// groupRow is a group in the answer of either method. The keys differ in case, which decoding ignores.
type groupRow struct {
	ID     bitrix.ID   `json:"ID"`
	Name   bitrix.Text `json:"NAME"`
	Active bitrix.Text `json:"ACTIVE"`
	Closed bitrix.Text `json:"CLOSED"`
}
