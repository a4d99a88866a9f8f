package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
)

// v3Task returns the fields that REST v3 requires for a task.
func (r *run) v3Task() bitrix.Params {
	return bitrix.With("title", r.title()).With("creatorId", r.me).With("responsibleId", r.me)
}

// askV3 checks whether there is REST v3 with idempotency keys, and how it reads related objects.
func (r *run) askV3(ctx context.Context) {
	err := r.callV3(ctx, "tasks.task.list", bitrix.With("pagination", bitrix.With("limit", 1)), nil)
	if r.found("REST v3", err == nil, codeOf(err)); err != nil {
		return
	}
	r.askKey(ctx)
	if len(r.Tags) == 0 {
		r.unknown("tags and people by REST v3", "no tags are configured")
		return
	}
	var tags []any
	for _, t := range r.Tags {
		tags = append(tags, bitrix.With("name", t))
	}
	var made struct {
		Item struct {
			ID bitrix.ID `json:"id"`
		} `json:"item"`
	}
	fields := r.v3Task().With("tags", tags).With("auditors", []any{bitrix.With("id", r.me)})
	if err := r.callV3(ctx, "tasks.task.add", bitrix.With("fields", fields), &made); err != nil {
		r.found("tags and people by REST v3", false, codeOf(err))
		return
	}
	var got struct {
		Task struct {
			Tags json.RawMessage `json:"tags"`
		} `json:"task"`
	}
	ask := bitrix.With("taskId", int64(made.Item.ID)).With("select", []string{"ID", "TAGS"})
	if err := r.call(ctx, "tasks.task.get", ask, &got); err != nil {
		r.unknown("tags and people by REST v3", codeOf(err))
		return
	}
	n := len(bitrix.Rows[json.RawMessage](got.Task.Tags))
	r.found("tags and people by REST v3", n >= len(r.Tags), fmt.Sprintf("%d of %d", n, len(r.Tags)))
}

// askKey creates a task twice with one key. Each run uses a new key, since the portal keeps its response for a day.
func (r *run) askKey(ctx context.Context) {
	const question = "a key makes one task"
	key := "hdprobe-" + strconv.FormatInt(r.Now().UnixNano(), 36)
	var numbers []int64
	echo := "not echoed"
	for range 2 {
		began := r.Now()
		raw, echoed, err := r.Portal.CallKeyed(ctx, "tasks.task.add", bitrix.With("fields", r.v3Task()), key)
		r.note("tasks.task.add", 3, began, raw, err)
		if err != nil {
			r.found(question, false, codeOf(err))
			return
		}
		var made struct {
			Item struct {
				ID bitrix.ID `json:"id"`
			} `json:"item"`
		}
		if err := bitrix.Into(raw, &made); err != nil {
			r.unknown(question, "the answer names no task")
			return
		}
		if numbers = append(numbers, int64(made.Item.ID)); echoed {
			echo = "echoed"
		}
	}
	r.found(question, numbers[0] == numbers[1] && numbers[0] != 0, echo)
}

// contact is a contact of the CRM.
type contact struct {
	ID     bitrix.ID       `json:"ID"`
	Emails json.RawMessage `json:"EMAIL"`
}

func (c contact) address() string {
	for _, e := range bitrix.Rows[struct {
		Value bitrix.Text `json:"VALUE"`
	}](c.Emails) {
		if strings.Contains(string(e.Value), "@") {
			return strings.ToLower(string(e.Value))
		}
	}
	return ""
}

// contacts queries contacts. The report contains only their number.
func (r *run) contacts(ctx context.Context, filter bitrix.Params) ([]contact, error) {
	var rows []contact
	err := r.call(ctx, "crm.contact.list", bitrix.With("filter", filter).With("select", []string{"ID", "EMAIL"}).
		With("order", bitrix.With("ID", "ASC")).With("start", -1), &rows)
	return rows, err
}

// askContacts queries two existing contacts and changes nothing.
func (r *run) askContacts(ctx context.Context) {
	const both, whole = "CRM finds two addresses", "CRM finds whole addresses"
	rows, err := r.contacts(ctx, bitrix.With("HAS_EMAIL", "Y"))
	one, two, perr := pair(rows)
	if err = errors.Join(err, perr); err != nil {
		why := codeOf(err)
		if perr != nil && why == "no answer" {
			why = perr.Error()
		}
		r.unknown(both, why)
		r.unknown(whole, why)
		return
	}
	has := func(rows []contact, c contact) bool {
		return slices.ContainsFunc(rows, func(o contact) bool { return o.ID == c.ID })
	}
	if rows, err = r.contacts(ctx, bitrix.With("EMAIL", []string{one.address(), two.address()})); err != nil {
		r.unknown(both, codeOf(err))
	} else {
		r.found(both, has(rows, one) && has(rows, two), "")
	}
	begin := one.address()[:len(one.address())-1]
	if rows, err = r.contacts(ctx, bitrix.With("EMAIL", begin)); err != nil {
		r.unknown(whole, codeOf(err))
	} else {
		r.found(whole, !has(rows, one), "")
	}
}

// pair returns two contacts such that neither address is a prefix of the other.
func pair(rows []contact) (one, two contact, err error) {
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			x, y := a.address(), b.address()
			if x != "" && y != "" && !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x) {
				return a, b, nil
			}
		}
	}
	return one, two, errors.New("no two contacts with addresses")
}
