package portal

import (
	"encoding/base64"
	"strings"
)

const maxChatFile = 100 << 20 // bytes

func v2Dialog(w *world, x *execution) (*task, error) {
	d := x.params.Str("dialogId")
	n, ok := integer(strings.TrimPrefix(d, "chat"))
	if !ok || !strings.HasPrefix(d, "chat") {
		return nil, refuse("CHAT_NOT_FOUND", "Chat not found")
	}
	for _, t := range w.tasks {
		if t.Chat == n {
			if !t.hasMember(w.o.UserID) {
				return nil, forbid("ACCESS_DENIED", "Access denied")
			}
			return t, nil
		}
	}
	return nil, refuse("CHAT_NOT_FOUND", "Chat not found")
}

// imFileUpload is im.v2.File.upload: one file and a text in one call.
func imFileUpload(w *world, x *execution) (any, error) {
	t, err := v2Dialog(w, x)
	if err != nil {
		return nil, err
	}
	f, _ := x.params.Get("fields").(*Params)
	if f.Str("name") == "" || f.Str("content") == "" {
		return nil, refuse("FILE_EMPTY", "The file is empty")
	}
	content, err := base64.StdEncoding.DecodeString(f.Str("content"))
	if err != nil {
		return nil, refuse("FILE_INVALID_CONTENT", "The content is no base64")
	}
	if len(content) > maxChatFile {
		return nil, refuse("FILE_TOO_LARGE", "The file is too large")
	}
	if w.o.Drive != nil {
		if err := w.o.Drive(f.Str("name"), content); err != nil {
			return nil, refuse("UPLOAD_FAILED", "%s", err)
		}
	}
	obj := w.drive.store(rootFolder, w.drive.freeName(rootFolder, f.Str("name")), content, w.o.UserID)
	c := t.post(w.o.UserID, f.Str("message"), []File{obj.file()})
	return object{
		"file":      object{"id": obj.id, "chatId": t.Chat, "name": obj.name, "size": len(content), "type": "file", "authorId": w.o.UserID},
		"messageId": c.ID, "chatId": t.Chat, "dialogId": "chat" + id(t.Chat),
	}, nil
}

// imFileDownload is im.v2.File.download: an address that serves once.
func imFileDownload(w *world, x *execution) (any, error) {
	t, err := v2Dialog(w, x)
	if err != nil {
		return nil, err
	}
	want := x.params.Int("fileId")
	for _, c := range t.Comments {
		for _, f := range c.Files {
			if f.Object == want {
				return object{"downloadUrl": x.base + "/rest/download.json?auth=im&once=1&token=" + w.drive.grant(want)}, nil
			}
		}
	}
	return nil, refuse("FILE_NOT_FOUND", "File not found")
}

// imFileCommit is im.disk.file.commit: files that are on the Drive already, ids without a prefix.
func imFileCommit(w *world, x *execution) (any, error) {
	if x.params.Int("CHAT_ID") == 0 {
		return nil, refuse("CHAT_ID", "Chat ID can't be empty")
	}
	t, err := w.chatOf(x.params.Int("CHAT_ID"))
	if err != nil {
		return nil, err
	}
	var files []File
	for _, n := range integers(x.params.Get("FILE_ID")) {
		if obj := w.drive.objects[n]; obj != nil && !obj.folder {
			files = append(files, obj.file())
		}
	}
	if len(files) == 0 {
		return nil, refuse("FILES_ERROR", "List of files is not specified")
	}
	c := t.post(w.o.UserID, x.params.Str("MESSAGE"), files)
	return object{"FILES": object{}, "DISK_ID": integers(x.params.Get("FILE_ID")), "MESSAGE_ID": c.ID}, nil
}
