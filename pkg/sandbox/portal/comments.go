package portal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"helpdesk/pkg/lazy"
)

// positional are the arguments of task.commentitem.* in order.
//
// QUIRK: the service uses the values in the order received and ignores their names (tasks, CTaskRestService).
type positional struct {
	method string
	vals   []any
}

func args(x *execution, method string) positional {
	return positional{method, x.params.values()}
}

var wrongTypes = map[string]string{"taskId": "integer", "itemId": "integer"}

func (a positional) wrong(n int, name string) error {
	kind := wrongTypes[name]
	if kind == "" {
		kind = "array"
	}
	return taskError(256, "WRONG_ARGUMENTS", fmt.Sprintf(
		"Param #%d (%s) for method ctaskcommentitem::%s() expected to be of type \"%s\", but given something else.", n,
		name, a.method, kind))
}

func taskError(n int, name, why string) error {
	return refuse("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#%d; %s; %d/TE/%s<br>", n, why, n, name)
}

func (a positional) integer(n int, name string) (int64, error) {
	if n < len(a.vals) {
		if v, ok := integer(a.vals[n]); ok {
			return v, nil
		}
	}
	return 0, a.wrong(n, name)
}

// array returns the n-th argument, which must be a map with the allowed keys. A missing argument is an empty map.
func (a positional) array(n int, name string, allowed ...string) (*Params, error) {
	if n >= len(a.vals) {
		return &Params{}, nil
	}
	p, ok := a.vals[n].(*Params)
	if !ok {
		return nil, a.wrong(n, name)
	}
	for _, k := range p.keys {
		if !slices.Contains(allowed, strings.TrimLeft(k, "!<>=")) {
			return nil, taskError(256, "WRONG_ARGUMENTS",
				fmt.Sprintf("Param #%d (%s) has the unexpected key %q.", n, name, k))
		}
	}
	return p, nil
}

var commentFields = []string{"POST_MESSAGE", "AUTHOR_ID", "AUTHOR_NAME", "AUTHOR_EMAIL", "USE_SMILES", "POST_DATE",
	"UF_FORUM_MESSAGE_DOC"}

// commentAdd implements task.commentitem.add for both cards.
func commentAdd(w *world, x *execution) (any, error) {
	a := args(x, "add")
	number, err := a.integer(0, "taskId")
	if err != nil {
		return nil, err
	}
	f, err := a.array(1, "arFields", commentFields...)
	if err != nil {
		return nil, err
	}
	t := w.visible(number)
	if t == nil {
		return nil, taskError(8, "ACTION_FAILED_TO_BE_PROCESSED", "Access denied")
	}
	if strings.TrimSpace(f.Str("POST_MESSAGE")) == "" {
		return nil, refuse("ERROR_CORE", "The comment text is not specified.<br>")
	}
	// QUIRK: any user may be given as the author (docs of task.commentitem.add).
	author := w.me
	if n := f.Int("AUTHOR_ID"); n != 0 {
		author = n
	}
	t.openChat()
	if t.Chat != 0 {
		return commentInChat(t, author, f.Str("POST_MESSAGE")), nil
	}
	files, err := w.drive.bound(texts(f.Get("UF_FORUM_MESSAGE_DOC")))
	if err != nil {
		return nil, err
	}
	c := t.post(author, f.Str("POST_MESSAGE"), files)
	if at, ok := readTime(f.Str("POST_DATE")); ok {
		c.At = at
	}
	return c.ID, nil
}

// commentInChat posts the text of a comment in the chat and returns the id of the message.
//
// QUIRK: the rest of the comment is dropped, and 0 means that the chat refused the message (tasks, AddCommentFacade;
// commentitem.php addCommentInChat).
func commentInChat(t *task, author int64, text string) int64 {
	c := t.post(author, text, nil)
	if c == nil {
		return 0
	}
	return c.ID
}

// commentList implements task.commentitem.getlist. It returns all matching comments, without pages.
func commentList(w *world, x *execution) (any, error) {
	a := args(x, "getlist")
	number, err := a.integer(0, "taskId")
	if err != nil {
		return nil, err
	}
	keys := []string{"ID", "AUTHOR_ID", "AUTHOR_NAME", "AUTHOR_EMAIL", "POST_DATE"}
	order, err := a.array(1, "arOrder", keys...)
	if err != nil {
		return nil, err
	}
	filter, err := a.array(2, "arFilter", "ID", "AUTHOR_ID", "AUTHOR_NAME", "POST_DATE")
	if err != nil {
		return nil, err
	}
	t := w.visible(number)
	if t == nil {
		return nil, taskError(8, "ACTION_FAILED_TO_BE_PROCESSED", "Access denied")
	}
	// QUIRK: on the new card it returns the old comments of the forum (tasks, commentitem.php fetchListFromDb).
	if w.o.NewCard && w.o.GetListFails {
		return nil, refuse("ERROR_CORE", "The method is not supported in the new task card.<br>")
	}
	list := []any{}
	for _, c := range orderComments(t.Comments, order) {
		if !c.Chat && commentMatches(c, filter) {
			list = append(list, w.forumComment(c))
		}
	}
	return list, nil
}

func orderComments(all []Comment, order *Params) []Comment {
	cs := slices.Clone(all)
	if order.Len() == 0 {
		order = &Params{}
		order.set("ID", "desc")
	}
	slices.SortStableFunc(cs, func(a, b Comment) int {
		for _, k := range order.keys {
			var c int
			switch k {
			case "ID":
				c = cmp.Compare(a.ID, b.ID)
			case "AUTHOR_ID":
				c = cmp.Compare(a.Author, b.Author)
			case "POST_DATE":
				c = a.At.Compare(b.At)
			}
			if strings.EqualFold(order.Str(k), "desc") {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return cs
}

var commentFilter = lazy.Regexp(`^(!|<=|>=|<|>|=)?([A-Z_]+)$`)

func commentMatches(c Comment, filter *Params) bool {
	for _, k := range filter.Keys() {
		m := commentFilter().FindStringSubmatch(k)
		if m == nil {
			return false
		}
		ok := true
		switch m[2] {
		case "ID":
			ok = numberHits([]int64{c.ID}, m[1], integers(filter.Get(k)))
		case "AUTHOR_ID":
			ok = numberHits([]int64{c.Author}, m[1], integers(filter.Get(k)))
		case "POST_DATE":
			ok = dateHits(c.At, m[1], date(filter.Get(k)))
		}
		if !ok {
			return false
		}
	}
	return true
}

// forumComment returns a comment as on the old card: UPPER_CASE keys, and only strings.
func (w *world) forumComment(c Comment) object {
	u := w.users[c.Author]
	var files any = []any{}
	if len(c.Files) > 0 {
		m := object{}
		for _, f := range c.Files {
			url := fmt.Sprintf("/bitrix/tools/disk/uf.php?attachedId=%d&auth%%5Bauth%%5D=%s&action=download&ncc=1",
				f.Attach, w.drive.grant(f.Object))
			m[id(f.Attach)] = object{
				"ATTACHMENT_ID": id(f.Attach), "NAME": f.Name, "SIZE": fmt.Sprint(len(f.Content)),
				"FILE_ID":      id(f.Object),
				"DOWNLOAD_URL": url, "VIEW_URL": strings.Replace(url, "action=download", "action=show", 1),
			}
		}
		files = m
	}
	return object{
		"POST_MESSAGE_HTML": nil, "ID": id(c.ID), "AUTHOR_ID": id(c.Author), "AUTHOR_NAME": u.FullName(),
		"AUTHOR_EMAIL": "",
		"POST_DATE":    stamp(c.At), "POST_MESSAGE": c.Text, "ATTACHED_OBJECTS": files,
	}
}

// commentOf returns the comment identified by the first two arguments.
func commentOf(w *world, x *execution, method string) (positional, *task, *Comment, error) {
	a := args(x, method)
	number, err := a.integer(0, "taskId")
	if err != nil {
		return a, nil, nil, err
	}
	item, err := a.integer(1, "itemId")
	if err != nil {
		return a, nil, nil, err
	}
	t := w.visible(number)
	if t == nil {
		return a, nil, nil, taskError(8, "ACTION_FAILED_TO_BE_PROCESSED", "Access denied")
	}
	c := w.comment(t, item)
	if c == nil || c.Chat || w.o.NewCard && method != "get" {
		return a, nil, nil, taskError(512, "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE", "Item not found")
	}
	return a, t, c, nil
}

// commentGet implements task.commentitem.get.
func commentGet(w *world, x *execution) (any, error) {
	_, _, c, err := commentOf(w, x, "get")
	if err != nil {
		return nil, err
	}
	return w.forumComment(*c), nil
}

// commentUpdate implements task.commentitem.update.
func commentUpdate(w *world, x *execution) (any, error) {
	a, _, c, err := commentOf(w, x, "update")
	if err != nil {
		return nil, err
	}
	f, err := a.array(2, "arFields", commentFields...)
	if err != nil {
		return nil, err
	}
	c.Text = f.Str("POST_MESSAGE")
	return true, nil
}

// commentDelete implements task.commentitem.delete.
func commentDelete(w *world, x *execution) (any, error) {
	_, t, c, err := commentOf(w, x, "delete")
	if err != nil {
		return nil, err
	}
	gone := c.ID
	t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == gone })
	return true, nil
}
