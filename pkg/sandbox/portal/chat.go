package portal

import (
	"slices"
	"strconv"
	"strings"
)

// chatOf returns the task of a chat if the webhook's user may use the chat.
func (w *world) chatOf(chat int64) (*task, error) {
	if t := w.byChat(chat); w.talks(t) {
		return t, nil
	}
	return nil, forbid("ACCESS_ERROR", "You do not have access to the specified dialog")
}

// byChat returns the task of a chat, or nil.
func (w *world) byChat(chat int64) *task {
	for _, t := range w.tasks {
		if t.Chat == chat && chat != 0 {
			return t
		}
	}
	return nil
}

// talks reports whether the webhook's user may use the chat of the task.
func (w *world) talks(t *task) bool {
	if w.o.ChatForMembers {
		return t != nil && t.hasMember(w.me)
	}
	return w.sees(w.me, t)
}

func dialogChat(x *execution) int64 {
	if d := x.params.Str("DIALOG_ID"); d != "" {
		n, _ := strconv.ParseInt(strings.TrimPrefix(d, "chat"), 10, 64)
		return n
	}
	return x.params.Int("CHAT_ID")
}

// imChatGet implements im.chat.get. It returns null if there is no chat.
func imChatGet(w *world, x *execution) (any, error) {
	if x.params.Str("ENTITY_TYPE") != "TASKS_TASK" {
		return nil, nil
	}
	t := w.visible(x.params.Int("ENTITY_ID"))
	if t == nil || t.Chat == 0 {
		return nil, nil
	}
	return object{"ID": t.Chat}, nil
}

// imMessageAdd implements im.message.add. The result is the id of the message, not an object.
func imMessageAdd(w *world, x *execution) (any, error) {
	if user, ok := integer(x.params.Get("DIALOG_ID")); ok {
		return w.tell(user, x.params.Str("MESSAGE"))
	}
	if dialogChat(x) == 0 {
		return nil, refuse("CHAT_ID", "Chat ID can't be empty")
	}
	t, err := w.chatOf(dialogChat(x))
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(x.params.Str("MESSAGE")) == "" {
		return nil, refuse("MESSAGE_EMPTY", "Message can't be empty")
	}
	c := t.post(w.me, x.params.Str("MESSAGE"), nil)
	if c == nil {
		return nil, refuse("CANCELED", "Message was canceled")
	}
	return c.ID, nil
}

// imMessageLike implements im.message.like. QUIRK: a message that is not there, one of a chat that the user may not
// read, and one that is liked already are told by the same error (chats/messages/im-message-like).
func imMessageLike(w *world, x *execution) (any, error) {
	number := x.params.Int("MESSAGE_ID")
	if number <= 0 {
		return nil, refuse("MESSAGE_ID_ERROR", "Message ID can't be empty")
	}
	for _, t := range w.tasks {
		if t.Chat == 0 || !w.talks(t) {
			continue
		}
		for i := range t.Comments {
			c := &t.Comments[i]
			if c.ID != number || !c.Chat || c.Deleted {
				continue
			}
			at := slices.Index(c.Likes, w.me)
			add := x.params.Str("ACTION") == "plus" || x.params.Str("ACTION") != "minus" && at < 0
			switch {
			case add && at < 0:
				c.Likes = append(c.Likes, w.me)
				return true, nil
			case !add && at >= 0:
				c.Likes = slices.Delete(c.Likes, at, at+1)
				return true, nil
			}
		}
	}
	return nil, refuse("WITHOUT_CHANGES", "Status of the like is the same")
}

// tell sends a personal message to a user.
func (w *world) tell(user int64, text string) (any, error) {
	if _, known := w.users[user]; !known {
		return nil, refuse("USER_NOT_FOUND", "User not found")
	}
	if strings.TrimSpace(text) == "" {
		return nil, refuse("MESSAGE_EMPTY", "Message can't be empty")
	}
	w.private[user] = append(w.private[user], text)
	return int64(90000 + len(w.private[user])), nil
}

// imSearch implements im.dialog.messages.search.
//
// QUIRK: LAST_ID is a plain comparison whose direction follows the order (im, MessageCollection::processFilters).
func imSearch(w *world, x *execution) (any, error) {
	if dialogChat(x) == 0 {
		return nil, refuse("CHAT_ID_EMPTY", "Chat ID can't be empty")
	}
	t, err := w.chatOf(dialogChat(x))
	if err != nil {
		return nil, err
	}
	ascending := x.params.Str("ORDER", "ID") == "ASC"
	last, has := integer(x.params.Get("LAST_ID"))
	var found []Comment
	for _, c := range chatMessages(t, ascending) {
		if has && (ascending && c.ID <= last || !ascending && last > 0 && c.ID >= last) || outside(c, x) {
			continue
		}
		found = append(found, c)
	}
	found = found[:min(len(found), limitOf(x, 50, 200))]
	rows := []any{}
	for _, c := range found {
		rows = append(rows, object{
			"id": c.ID, "chatId": t.Chat, "authorId": c.Author, "date": stamp(c.At), "text": w.shown(c),
			"isSystem": c.System,
			"uuid":     uuidOf(c), "forward": forwardOf(c), "params": paramsOf(c), "replaces": []any{},
			"viewedByOthers": false,
		})
	}
	return object{
		"messages": rows, "users": w.chatUsers(found, chatUserCamel), "files": w.chatFiles(t, found),
		"additionalMessages": []any{},
		"tariffRestrictions": object{"isHistoryLimitExceeded": false},
	}, nil
}

func outside(c Comment, x *execution) bool {
	from, ok := readTime(x.params.Str("DATE_FROM"))
	if ok && c.At.Before(from) {
		return true
	}
	to, ok := readTime(x.params.Str("DATE_TO"))
	return ok && c.At.After(to)
}

func limitOf(x *execution, ordinary, most int) int {
	n := int(x.params.Int("LIMIT"))
	if n <= 0 {
		return ordinary
	}
	return min(n, most)
}

// imGet implements im.dialog.messages.get.
//
// QUIRK: the order of the page after FIRST_ID is undefined, so it is shuffled here (im, Chat::getMessages).
func imGet(w *world, x *execution) (any, error) {
	for _, k := range []string{"FIRST_ID", "LAST_ID"} {
		if _, ok := integer(x.params.Get(k)); x.params.Has(k) && !ok {
			return nil, refuse(k+"_STRING", "%s can't be string", k)
		}
	}
	if dialogChat(x) == 0 {
		return nil, refuse("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
	}
	t, err := w.chatOf(dialogChat(x))
	if err != nil {
		return nil, err
	}
	found := olderOrNewer(w, t, x)
	rows := []any{}
	for _, c := range found {
		rows = append(rows, object{
			"id": c.ID, "chat_id": t.Chat, "author_id": c.Author, "date": stamp(c.At), "text": w.shown(c),
			"unread": false,
			"uuid":   uuidOf(c), "replaces": []any{}, "params": paramsOf(c), "disappearing_date": nil,
		})
	}
	return object{
		"chat_id":  t.Chat,
		"messages": rows,
		"users":    w.chatUsers(found, chatUserSnake),
		"files":    w.chatFiles(t, found),
	}, nil
}

func olderOrNewer(w *world, t *task, x *execution) []Comment {
	first, newer := integer(x.params.Get("FIRST_ID"))
	last, older := integer(x.params.Get("LAST_ID"))
	var found []Comment
	for _, c := range chatMessages(t, newer) {
		if newer && c.ID <= first || older && !newer && c.ID >= last || c.ID <= t.joined[w.me] {
			continue
		}
		found = append(found, c)
	}
	found = found[:min(len(found), limitOf(x, 20, 50))]
	if newer {
		for i := 0; i+1 < len(found); i += 2 {
			found[i], found[i+1] = found[i+1], found[i]
		}
	}
	return found
}

func chatMessages(t *task, ascending bool) []Comment {
	var cs []Comment
	for _, c := range t.Comments {
		if c.Chat {
			cs = append(cs, c)
		}
	}
	slices.SortFunc(cs, func(a, b Comment) int { return int(a.ID - b.ID) })
	if !ascending {
		slices.Reverse(cs)
	}
	return cs
}

// shown returns the text of a message as clients see it.
func (w *world) shown(c Comment) string {
	if c.Deleted {
		return phrase("deleted")
	}
	return w.parsed(c.Text)
}

// forwardOf returns the origin of a forwarded message, or null.
func forwardOf(c Comment) any {
	if !c.Forward {
		return nil
	}
	return object{"id": "chat12/" + id(c.ID-1), "userId": c.Author, "chatTitle": nil, "chatType": "chat"}
}

func uuidOf(c Comment) any {
	if c.System {
		return nil
	}
	return "0c420000-0000-4000-8000-" + strings.Repeat("0", max(0, 12-len(id(c.ID)))) + id(c.ID)
}

// paramsOf returns the parameters of a message, or an empty list if there are none.
func paramsOf(c Comment) any {
	m := object{}
	if c.Deleted {
		m["IS_DELETED"] = "Y"
	}
	if c.System && c.Text == phrase("joined") {
		m["CODE"] = []string{"CHAT_JOIN"}
	}
	if len(c.Files) > 0 {
		var ns []int64
		for _, f := range c.Files {
			ns = append(ns, f.Object)
		}
		m["FILE_ID"] = ns
	}
	if c.Forward {
		m["FORWARD_ID"], m["FORWARD_CONTEXT_ID"] = c.ID-1, "chat12/"+id(c.ID-1)
	}
	if len(m) == 0 {
		return []any{}
	}
	return m
}

func (w *world) chatUsers(cs []Comment, view func(User) object) []any {
	rows, seen := []any{}, map[int64]bool{0: true}
	for _, c := range cs {
		if !seen[c.Author] && !slices.Contains(w.o.Unlisted, c.Author) {
			seen[c.Author] = true
			rows = append(rows, view(w.users[c.Author]))
		}
	}
	return rows
}

func authID(u User) string {
	switch {
	case u.AuthID != "":
		return u.AuthID
	case u.Guest:
		return "email"
	case u.Bot:
		return "bot"
	case u.Connector:
		return "imconnector"
	}
	return "default"
}

func userType(u User) string {
	switch {
	case u.Type != "":
		return u.Type
	case u.Bot:
		return "bot"
	case u.Guest:
		return "email"
	}
	return "user"
}

func chatUserCamel(u User) object {
	return object{
		"id": u.ID, "active": !u.Inactive, "name": u.FullName(), "firstName": u.Name, "lastName": u.LastName,
		"workPosition": u.Position,
		"type":         userType(u), "bot": u.Bot, "connector": u.Connector, "extranet": u.Guest,
		"externalAuthId": authID(u), "network": false,
	}
}

func chatUserSnake(u User) object {
	return object{
		"id": u.ID, "active": !u.Inactive, "name": u.FullName(), "first_name": u.Name, "last_name": u.LastName,
		"work_position": u.Position,
		"type":          userType(u), "bot": u.Bot, "connector": u.Connector, "extranet": u.Guest,
		"external_auth_id": authID(u), "network": false,
	}
}

func (w *world) chatFiles(t *task, cs []Comment) []any {
	rows := []any{}
	for _, c := range cs {
		for _, f := range c.Files {
			rows = append(rows, object{
				"id": f.Object, "chatId": t.Chat, "date": stamp(c.At), "type": "file", "name": f.Name,
				"size": len(f.Content), "authorId": c.Author,
				"status": "done", "progress": 100,
				"urlDownload": "/bitrix/services/main/ajax.php?action=disk.api.file.download&fileId=" + id(f.Object),
			})
		}
	}
	return rows
}
