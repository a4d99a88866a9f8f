package portal

import (
	"net/http"
	"slices"
)

// methodTable returns the methods of REST v2. Any other method does not exist here.
func methodTable() map[string]method {
	task, im, disk, crm := []string{"task"}, []string{"im"}, []string{"disk"}, []string{"crm"}
	user := []string{"user", "user_basic", "user_brief"}
	ms := map[string]method{
		"profile": {
			nil,
			profile,
		}, "scope": {
			nil,
			scope,
		}, "method.get": {nil, methodGet}, "server.time": {nil, serverTime}, "app.info": {nil, appInfo},
		"user.get": {user, userGet}, "user.current": {user, userCurrent},
		"sonet_group.get":                  {[]string{"sonet_group"}, groupGet},
		"socialnetwork.api.workgroup.list": {[]string{"socialnetwork"}, workgroupList},

		"tasks.task.add": {
			task,
			tasksTaskAdd,
		}, "tasks.task.get": {task, tasksTaskGet}, "tasks.task.list": {task, tasksTaskList},
		"tasks.task.update": {task, tasksTaskUpdate}, "tasks.task.delete": {task, tasksTaskDelete},
		"tasks.task.files.attach": {task, tasksFilesAttach}, "tasks.task.result.list": {task, tasksResultList},
		"tasks.task.history.list": {task, tasksHistoryList},

		"task.commentitem.add": {
			task,
			commentAdd,
		}, "task.commentitem.getlist": {task, commentList}, "task.commentitem.get": {task, commentGet},
		"task.commentitem.update": {task, commentUpdate}, "task.commentitem.delete": {task, commentDelete},

		"im.chat.get": {
			im,
			imChatGet,
		}, "im.message.add": {
			im,
			imMessageAdd,
		}, "im.message.like": {im, imMessageLike}, "im.dialog.messages.search": {im, imSearch},
		"im.user.list.get": {im, imUserList},
		"im.dialog.messages.get": {
			im,
			imGet,
		}, "im.v2.file.upload": {im, imFileUpload}, "im.v2.file.download": {im, imFileDownload},
		"im.disk.file.commit": {im, imFileCommit},

		"disk.storage.getlist": {
			disk,
			storageList,
		}, "disk.folder.uploadfile": {disk, uploadFile(false)}, "disk.storage.uploadfile": {disk, uploadFile(true)},
		"disk.folder.addsubfolder": {disk, addFolder(false)}, "disk.storage.addfolder": {disk, addFolder(true)},
		"disk.folder.getchildren": {
			disk,
			folderChildren(false),
		}, "disk.storage.getchildren": {disk, folderChildren(true)},
		"disk.file.get": {
			disk,
			fileGet,
		}, "disk.file.delete": {disk, fileDelete}, "disk.attachedobject.get": {disk, attachedGet},

		"crm.duplicate.findbycomm": {
			crm,
			findByComm,
		}, "crm.contact.list": {crm, contactList}, "crm.item.list": {crm, itemList},
	}
	for name := range transitions {
		ms["tasks.task."+name] = method{task, tasksAction(name)}
	}
	return ms
}

// scope returns the scopes of the webhook.
func scope(w *world, _ *execution) (any, error) {
	granted := []string{}
	for s := range w.scopes {
		granted = append(granted, s)
	}
	slices.Sort(granted)
	return granted, nil
}

// methodGet expects the name in lower case.
func methodGet(w *world, x *execution) (any, error) {
	name := x.params.Str("name")
	m, ok := x.methods[name]
	ok = ok || name == "batch"
	available := ok && len(m.scopes) == 0
	for _, s := range m.scopes {
		available = available || w.scopes[s]
	}
	return object{"isExisting": ok, "isAvailable": available}, nil
}

func serverTime(w *world, _ *execution) (any, error) { return stamp(w.o.Now()), nil }

// appInfo requires an application context, which a webhook does not have.
func appInfo(*world, *execution) (any, error) {
	return nil, &apiError{status: http.StatusBadRequest, code: "ACCESS_DENIED", text: "Application context required"}
}
