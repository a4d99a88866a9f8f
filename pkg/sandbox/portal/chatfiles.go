package portal

import (
	"encoding/base64"
	"strings"
)

const maxChatFile = 100 << 20 // in bytes

func v2Dialog(w *world, x *execution) (*task, error) {
	d := x.params.Str("dialogId")
	n, ok := integer(strings.TrimPrefix(d, "chat"))
	if !ok || !strings.HasPrefix(d, "chat") {
		return nil, refuse("CHAT_NOT_FOUND", "Chat not found")
	}
	t := w.byChat(n)
	if t == nil {
		return nil, refuse("CHAT_NOT_FOUND", "Chat not found")
	}
	if !w.talks(t) {
		return nil, forbid("ACCESS_DENIED", "Access denied")
	}
	return t, nil
}

// imFileUpload implements im.v2.File.upload: one file and a text in a single call.
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
	obj := w.drive.store(rootFolder, w.drive.freeName(rootFolder, f.Str("name")), content, w.me)
	c := t.post(w.me, f.Str("message"), []File{obj.file()})
	if c == nil {
		return nil, refuse("SEND_FAILED", "The message could not be sent")
	}
	return object{
		"file": object{
			"id":       obj.id,
			"chatId":   t.Chat,
			"name":     obj.name,
			"size":     len(content),
			"type":     "file",
			"authorId": w.me,
		},
		"messageId": c.ID, "chatId": t.Chat, "dialogId": "chat" + id(t.Chat),
	}, nil
}

// imFileDownload implements im.v2.File.download. The address works once.
func imFileDownload(w *world, x *execution) (any, error) {
	t, err := v2Dialog(w, x)
	if err != nil {
		return nil, err
	}
	want := x.params.Int("fileId")
	for _, c := range t.Comments {
		for _, f := range c.Files {
			if f.Object == want {
				return object{"downloadUrl": x.base + "/rest/download.json?auth=im&once=1&token=" +
					w.drive.grant(want)}, nil
			}
		}
	}
	return nil, refuse("FILE_NOT_FOUND", "File not found")
}

// imFileCommit implements im.disk.file.commit: files that are already on the Drive, by id without a prefix, and a text.
//
// QUIRK: the files are copied, and one that cannot be copied is skipped without an error (im, im_rest.php
// diskFileCommit, CIMDisk::UploadFileFromDisk).
func imFileCommit(w *world, x *execution) (any, error) {
	t, err := w.commitTo(x)
	if err != nil {
		return nil, err
	}
	wanted := integers(x.params.Get("FILE_ID"))
	if len(wanted) == 0 {
		return nil, refuse("FILES_ERROR", "List of files is not specified")
	}
	var files []File
	copies, view := []int64{}, object{}
	for _, n := range wanted {
		o := w.drive.objects[n]
		if !w.drive.readable(o) || w.o.Copies != nil && !w.o.Copies(o.name) {
			view["disk"+id(n)] = object{"id": 0}
			continue
		}
		made := w.drive.store(chatFolder, w.drive.freeName(chatFolder, o.name), o.content, w.me)
		files, copies = append(files, made.file()), append(copies, made.id)
		view["disk"+id(n)] = object{
			"id":     made.id,
			"chatId": t.Chat,
			"name":   made.name,
			"size":   len(made.content),
			"type":   "file",
		}
	}
	if len(files) == 0 {
		return nil, refuse("SAVE_ERROR", "Uploading files to chat failed")
	}
	c := t.post(w.me, x.params.Str("MESSAGE"), files)
	if c == nil {
		for _, n := range copies {
			w.drive.remove(w.drive.objects[n])
		}
		return nil, refuse("SAVE_ERROR", "Uploading files to chat failed")
	}
	return object{"FILES": view, "DISK_ID": copies, "MESSAGE_ID": c.ID}, nil
}

// commitTo returns the task of the chat. QUIRK: read access to the task is not enough; the user must be a member.
func (w *world) commitTo(x *execution) (*task, error) {
	chat := dialogChat(x)
	switch {
	case chat == 0 && x.params.Has("DIALOG_ID"):
		return nil, refuse("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
	case chat == 0:
		return nil, refuse("CHAT_ID_EMPTY", "Chat ID can't be empty")
	}
	if t := w.byChat(chat); t != nil && t.hasMember(w.me) {
		return t, nil
	}
	return nil, refuse("ACCESS_ERROR", "You do not have access to the specified dialog")
}
