package portal

import (
	"fmt"
	"sort"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// search reads a page of a task's chat, oldest first.
//
// QUIRK: LAST_ID means "newer than" with the order ASC and "older than" with DESC; ASC must be in capitals
// (chats/messages/im-dialog-messages-search).
func (r *reading) search() bitrix.Command {
	p := bitrix.With("CHAT_ID", r.chat).With("LAST_ID", r.chatLast).With("ORDER",
		bitrix.With("ID", "ASC")).With("LIMIT", searchLimit)
	if r.own {
		p = p.With("DATE_FROM", r.since.Format(time.RFC3339))
	}
	return bitrix.Do("im.dialog.messages.search", p)
}

// message is a message of a chat.
type message struct {
	ID       bitrix.ID       `json:"id"`
	AuthorID bitrix.ID       `json:"authorId"`
	Date     bitrix.Time     `json:"date"`
	Text     bitrix.Text     `json:"text"`
	IsSystem bitrix.Flag     `json:"isSystem"`
	Params   json.RawMessage `json:"params"`
	Forward  json.RawMessage `json:"forward"`
}

type chatUser struct {
	ID           bitrix.ID   `json:"id"`
	Name         bitrix.Text `json:"name"`
	Type         bitrix.Text `json:"type"`
	Bot          bitrix.Flag `json:"bot"`
	Connector    bitrix.Flag `json:"connector"`
	Extranet     bitrix.Flag `json:"extranet"`
	Network      bitrix.Flag `json:"network"`
	ExternalAuth bitrix.Text `json:"externalAuthId"`
	Position     bitrix.Text `json:"workPosition"`
}

type chatFile struct {
	ID   bitrix.ID   `json:"id"`
	Name bitrix.Text `json:"name"`
	Size bitrix.ID   `json:"size"`
}

func (r *reading) takeSearch(a bitrix.Answer) {
	r.full = false
	if r.chatErr = a.Err; a.Err != nil {
		return
	}
	var page struct {
		Messages []message       `json:"messages"`
		Users    json.RawMessage `json:"users"`
		Files    json.RawMessage `json:"files"`
	}
	if err := bitrix.Into(a.Result, &page); err != nil || a.Result == nil {
		r.chatErr = fault.New(fault.Unsure, fmt.Errorf("read messages of chat %d: %w", r.chat, err))
		return
	}
	users, files := map[bitrix.ID]chatUser{}, map[bitrix.ID]chatFile{}
	for _, u := range bitrix.Rows[chatUser](page.Users) {
		users[u.ID] = u
	}
	for _, f := range bitrix.Rows[chatFile](page.Files) {
		files[f.ID] = f
	}
	before := r.chatLast
	for _, m := range page.Messages {
		if int64(m.ID) <= before {
			continue
		}
		r.chatLast = max(r.chatLast, int64(m.ID))
		u, listed := users[m.AuthorID]
		c := m.comment(u, files)
		if r.anchors(c) {
			continue
		}
		if r.unlisted != nil && !listed && !c.System {
			r.unlisted[c.Author] = true
		}
		r.comments = append(r.comments, c)
	}
	r.full = len(page.Messages) >= searchLimit && r.chatLast > before
}

// Users who are not specialists, by their type or their external auth id.
//
// QUIRK: an integration has its own user, rest_system, and so has a customer in a chat, a call or a shop (main,
// UserTable::getExternalUserTypes; im, V2/Entity/User/UserType.php).
var (
	machines  = []string{"bot", "connector", "imconnector", "rest_system", "calendar_sharing", "__controller"}
	outsiders = []string{"email", "extranet", "guest", "collaber", "im_guest", "replica", "call", "document_editor",
		"sale", "saleanonymous", "shop"}
)

func (u chatUser) machine() bool {
	return bool(u.Bot || u.Connector) || oneOf(u.Type, machines...) || oneOf(u.ExternalAuth, machines...)
}

func (u chatUser) outsider() bool {
	return bool(u.Extranet || u.Network) || oneOf(u.Type, outsiders...) || oneOf(u.ExternalAuth, outsiders...)
}

// forwarded reports whether the message was written in another chat.
func (m message) forwarded() bool {
	f := strings.TrimSpace(string(m.Forward))
	return f != "" && f != "null" && f != "[]" && f != "{}" && f != "false"
}

// comment converts the message, with its author and kind.
//
// QUIRK: params is [] when empty. The ids of files are in params.FILE_ID, which the method's page does not mention
// (chats/messages/im-dialog-messages-search). A deleted message stays in the list with a phrase as its text.
func (m message) comment(u chatUser, files map[bitrix.ID]chatFile) desk.Comment {
	var params struct {
		FileID    json.RawMessage `json:"FILE_ID"`
		IsDeleted bitrix.Flag     `json:"IS_DELETED"`
	}
	_ = bitrix.Into(m.Params, &params)
	c := desk.Comment{
		ID: int64(m.ID), Author: int64(m.AuthorID), Name: string(u.Name), Position: string(u.Position),
		At: m.Date.Time, Text: string(m.Text),
		System:  bool(m.IsSystem) || m.AuthorID == 0,
		Bot:     u.machine(),
		Guest:   u.outsider(),
		Deleted: bool(params.IsDeleted), Forwarded: m.forwarded(),
	}
	for _, id := range bitrix.Rows[bitrix.ID](params.FileID) {
		f := files[id]
		c.Files = append(c.Files, desk.File{Name: string(f.Name), Size: int64(f.Size), Object: int64(id)})
	}
	if !c.Deleted && strings.TrimSpace(c.Text) == "" && len(c.Files) == 0 {
		c.Deleted = true
	}
	return c
}

func oneOf(s bitrix.Text, values ...string) bool {
	for _, v := range values {
		if strings.EqualFold(string(s), v) {
			return true
		}
	}
	return false
}

// forumItem is a comment of the old card.
type forumItem struct {
	ID         bitrix.ID       `json:"ID"`
	AuthorID   bitrix.ID       `json:"AUTHOR_ID"`
	AuthorName bitrix.Text     `json:"AUTHOR_NAME"`
	PostDate   bitrix.Time     `json:"POST_DATE"`
	Message    bitrix.Text     `json:"POST_MESSAGE"`
	Objects    json.RawMessage `json:"ATTACHED_OBJECTS"`
}

type attached struct {
	AttachmentID bitrix.ID   `json:"ATTACHMENT_ID"`
	Name         bitrix.Text `json:"NAME"`
	Size         bitrix.ID   `json:"SIZE"`
	DownloadURL  bitrix.Text `json:"DOWNLOAD_URL"`
}

// readForum decodes the comments of an old card.
//
// QUIRK: the portal's own remarks there have the name of the user who caused them as author, and no mark
// (tasks/comment-item/task-comment-item-get-list). Only their text shows what they are; package desk recognises it.
func readForum(raw json.RawMessage) ([]desk.Comment, error) {
	var items []forumItem
	if s := strings.TrimSpace(string(raw)); s != "" && s != "null" && s != "{}" {
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fault.New(fault.Unsure, fmt.Errorf("read comments: %w", err))
		}
	}
	list := make([]desk.Comment, 0, len(items))
	for _, it := range items {
		c := desk.Comment{
			ID: int64(it.ID), Author: int64(it.AuthorID), Name: string(it.AuthorName), At: it.PostDate.Time,
			Text: string(it.Message), System: it.AuthorID == 0,
		}
		for _, f := range bitrix.Rows[attached](it.Objects) {
			c.Files = append(c.Files, desk.File{Name: string(f.Name), Size: int64(f.Size),
				Attach: int64(f.AttachmentID),
				URL:    string(f.DownloadURL)})
		}
		sort.Slice(c.Files, func(a, b int) bool { return c.Files[a].Attach < c.Files[b].Attach })
		list = append(list, c)
	}
	return list, nil
}
