package portal

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"
	"time"
)

const (
	rootFolder = 8930 // the root of the webhook user's storage
	chatFolder = 8940 // the folder for files of chats
	storageID  = 1357
)

// driveObject is a file or a folder of the Drive.
type driveObject struct {
	id      int64
	fileID  int64 // FILE_ID, which clients cannot use
	parent  int64
	owner   int64
	name    string
	folder  bool
	content []byte
	made    time.Time
}

// drive contains the files of the webhook's user, and the tokens for uploads and downloads.
type drive struct {
	w        *world
	objects  map[int64]*driveObject
	names    map[place]int     // number of numbered copies of a name
	attached map[int64]int64   // object by attachment
	uploads  map[string]upload // announced uploads by token
	grants   map[string]int64  // objects by download token
}

func newDrive(w *world) *drive {
	return &drive{
		w: w, objects: map[int64]*driveObject{rootFolder: {id: rootFolder, name: "Drive", folder: true}},
		names: map[place]int{}, attached: map[int64]int64{}, uploads: map[string]upload{}, grants: map[string]int64{},
	}
}

func (o *driveObject) file() File { return File{Object: o.id, Name: o.name, Content: o.content} }

func (d *drive) store(folder int64, name string, content []byte, owner int64) *driveObject {
	o := &driveObject{
		id:      d.w.next("object"),
		fileID:  d.w.next("file"),
		parent:  folder,
		owner:   owner,
		name:    name,
		content: content,
		made:    d.w.now(),
	}
	d.objects[o.id], d.names[placeOf(folder, name)] = o, 0
	return o
}

func (d *drive) attach(o *driveObject) File {
	f := o.file()
	f.Attach = d.w.next("attachment")
	d.attached[f.Attach] = o.id
	return f
}

// bring stores a user's file on the Drive and attaches it.
func (d *drive) bring(f File, user int64) File {
	return d.attach(d.store(rootFolder, d.freeName(rootFolder, f.Name), f.Content, user))
}

// readable reports whether the webhook's user may read the object as a file: it is their own, or they are an
// administrator.
func (d *drive) readable(o *driveObject) bool {
	return o != nil && !o.folder && (o.owner == d.w.me || d.w.users[d.w.me].Admin)
}

// bind returns the files for values such as n9011 (a Drive object) and 973 (an existing attachment). Other values are
// dropped.
func (d *drive) bind(values []string, have []File) []File {
	var files []File
	for _, v := range values {
		digits, isObject := strings.CutPrefix(v, "n")
		n, _ := integer(digits)
		if o := d.objects[n]; isObject && d.readable(o) {
			files = append(files, d.attach(o))
			continue
		}
		for _, f := range have {
			if !isObject && f.Attach == n {
				files = append(files, f)
			}
		}
	}
	return files
}

// bound is bind for a comment. It fails if a file does not exist.
func (d *drive) bound(values []string) ([]File, error) {
	files := d.bind(values, nil)
	if len(files) != len(values) {
		return nil, refuse("ERROR_CORE", "The file was not found.<br>")
	}
	return files, nil
}

// place is a name in a folder. Case does not matter.
type place struct {
	folder int64
	name   string
}

func placeOf(folder int64, name string) place { return place{folder, strings.ToLower(name)} }

func (d *drive) taken(folder int64, name string) bool {
	_, ok := d.names[placeOf(folder, name)]
	return ok
}

// remove removes an object from the Drive.
func (d *drive) remove(o *driveObject) {
	delete(d.objects, o.id)
	delete(d.names, placeOf(o.parent, o.name))
	for a, n := range d.attached {
		if n == o.id {
			delete(d.attached, a)
		}
	}
}

// freeName adds a number to a name that is in use, starting after the last number used for it.
func (d *drive) freeName(folder int64, name string) string {
	ext := path.Ext(name)
	free, at := name, placeOf(folder, name)
	for d.taken(folder, free) {
		d.names[at]++
		free = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), d.names[at], ext)
	}
	return free
}

// storageList implements disk.storage.getlist. Ids are strings here.
func storageList(w *world, x *execution) (any, error) {
	kind, entity := x.params.Str("filter", "ENTITY_TYPE"), x.params.Int("filter", "ENTITY_ID")
	if kind != "" && kind != "user" || entity != 0 && entity != w.me {
		return page(x, []any{}), nil
	}
	return page(x, []any{object{
		"ID": id(storageID), "NAME": w.users[w.me].FullName(), "CODE": nil, "MODULE_ID": "disk", "ENTITY_TYPE": "user",
		"ENTITY_ID": id(w.me), "ROOT_OBJECT_ID": id(rootFolder),
	}}), nil
}

func (d *drive) folderOf(x *execution, storage bool) (int64, error) {
	n, ok := integer(x.params.Get("id"))
	if !ok {
		return 0, refuse("ERROR_ARGUMENT", "Invalid value of parameter {id}")
	}
	if storage {
		if n != storageID {
			return 0, refuse("ERROR_NOT_FOUND", "Could not find entity with id `%d`.", n)
		}
		return rootFolder, nil
	}
	if o := d.objects[n]; o == nil || !o.folder {
		return 0, refuse("ERROR_NOT_FOUND", "Could not find entity with id `%d`.", n)
	}
	return n, nil
}

// addFolder implements disk.folder.addsubfolder and disk.storage.addfolder.
func addFolder(storage bool) func(*world, *execution) (any, error) {
	return func(w *world, x *execution) (any, error) {
		parent, err := w.drive.folderOf(x, storage)
		if err != nil {
			return nil, err
		}
		name := x.params.Str("data", "NAME")
		if name == "" {
			return nil, refuse("DISK_BASE_SERVICE_22001", "Required parameter {NAME} is missing")
		}
		if w.drive.taken(parent, name) {
			return nil, refuse("DISK_OBJ_22000", "An object with this name already exists")
		}
		o := w.drive.store(parent, name, nil, w.me)
		o.folder = true
		return w.drive.folderView(o), nil
	}
}

func (d *drive) folderView(o *driveObject) object {
	return object{
		"ID": o.id, "NAME": o.name, "CODE": nil, "STORAGE_ID": id(storageID), "TYPE": "folder", "REAL_OBJECT_ID": o.id,
		"PARENT_ID":    id(o.parent),
		"DELETED_TYPE": "0", "CREATE_TIME": stamp(o.made), "CREATED_BY": id(o.owner),
	}
}

// folderChildren implements disk.folder.getchildren and disk.storage.getchildren.
func folderChildren(storage bool) func(*world, *execution) (any, error) {
	return func(w *world, x *execution) (any, error) {
		parent, err := w.drive.folderOf(x, storage)
		if err != nil {
			return nil, err
		}
		name := x.params.Str("filter", "NAME")
		kind := x.params.Str("filter", "TYPE")
		rows := []any{}
		for _, o := range w.drive.objects {
			if o.parent != parent || name != "" && o.name != name {
				continue
			}
			view := w.drive.folderView(o)
			if !o.folder {
				view = w.drive.fileView(o, x.base)
			}
			view["ID"] = id(o.id)
			if kind == "" || kind == view["TYPE"] {
				rows = append(rows, view)
			}
		}
		return page(x, rows), nil
	}
}

// uploadFile implements disk.folder.uploadfile and disk.storage.uploadfile, with the content inline or an upload
// address.
func uploadFile(storage bool) func(*world, *execution) (any, error) {
	return func(w *world, x *execution) (any, error) {
		folder, err := w.drive.folderOf(x, storage)
		if err != nil {
			return nil, err
		}
		u := upload{
			folder: folder,
			name:   x.params.Str("data", "NAME"),
			unique: truthy(x.params.Get("generateUniqueName")),
		}
		if !x.params.Has("fileContent") {
			return object{
				"field":     "file",
				"uploadUrl": x.base + "/rest/upload.json?auth=sandbox&token=" + w.drive.expect(u),
			}, nil
		}
		if u.name == "" {
			return nil, refuse("DISK_BASE_SERVICE_22001", "Required parameter {NAME} is missing")
		}
		parts, ok := x.params.Get("fileContent").(*Params)
		if !ok || parts.Len() != 2 {
			return nil, errNotSaved()
		}
		content, err := base64.StdEncoding.DecodeString(parts.Str("1"))
		if err != nil {
			return nil, errNotSaved()
		}
		return w.drive.save(u, content, x.base)
	}
}

func errNotSaved() error { return refuse("ERROR_COULD_NOT_SAVE_FILE", "Could not save file.") }

func (d *drive) save(u upload, content []byte, base string) (any, error) {
	if d.w.o.Drive != nil && d.w.o.Drive(u.name, content) != nil {
		return nil, errNotSaved()
	}
	if u.unique {
		u.name = d.freeName(u.folder, u.name)
	}
	if d.taken(u.folder, u.name) {
		return nil, errNotSaved()
	}
	return d.fileView(d.store(u.folder, u.name, content, d.w.me), base), nil
}

// fileView returns a file after its upload. QUIRK: ID is a number here and a string in disk.file.get; FILE_ID is a
// different id.
func (d *drive) fileView(o *driveObject, base string) object {
	return object{
		"ID": o.id, "NAME": o.name, "CODE": nil, "STORAGE_ID": id(storageID), "TYPE": "file",
		"PARENT_ID": id(o.parent), "DELETED_TYPE": "0",
		"GLOBAL_CONTENT_VERSION": "1", "FILE_ID": o.fileID, "SIZE": fmt.Sprint(len(o.content)),
		"CREATE_TIME": stamp(o.made), "CREATED_BY": id(o.owner),
		"DOWNLOAD_URL": base + "/rest/download.json?auth=sandbox&token=" + d.grant(o.id),
		"DETAIL_URL":   base + "/company/personal/disk/file/" + o.name,
	}
}

// fileGet implements disk.file.get.
func fileGet(w *world, x *execution) (any, error) {
	o := w.drive.objects[x.params.Int("id")]
	if o == nil || o.folder {
		return nil, refuse("ERROR_NOT_FOUND", "Could not find entity with id `%s`.", x.params.Str("id"))
	}
	view := w.drive.fileView(o, x.base)
	view["ID"], view["FILE_ID"] = id(o.id), id(o.fileID)
	return view, nil
}

// fileDelete implements disk.file.delete. Attachments and chat messages lose the file.
func fileDelete(w *world, x *execution) (any, error) {
	o := w.drive.objects[x.params.Int("id")]
	if o == nil || o.folder {
		return nil, refuse("ERROR_NOT_FOUND", "Could not find entity with id `%s`.", x.params.Str("id"))
	}
	if !w.drive.readable(o) {
		return nil, forbid("ACCESS_DENIED", "Access denied")
	}
	w.drive.remove(o)
	return true, nil
}

// attachedGet implements disk.attachedObject.get.
func attachedGet(w *world, x *execution) (any, error) {
	n := x.params.Int("id")
	o := w.drive.objects[w.drive.attached[n]]
	if o == nil {
		return nil, refuse("ERROR_NOT_FOUND", "Could not find entity with id `%s`.", x.params.Str("id"))
	}
	return object{
		"ID": id(n), "OBJECT_ID": id(o.id), "MODULE_ID": "tasks", "ENTITY_TYPE": "tasks_task", "NAME": o.name,
		"SIZE":        fmt.Sprint(len(o.content)),
		"CREATE_TIME": stamp(o.made), "CREATED_BY": id(o.owner),
		"DOWNLOAD_URL": x.base + "/rest/download.json?auth=sandbox&token=" + w.drive.grant(o.id),
	}, nil
}
