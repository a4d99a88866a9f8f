package portal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const (
	maxInline = 4 << 20   // bytes of files sent within one batch, before base64
	minInline = 256 << 10 // below this the server is not asked for less
)

// uploads stores files on the portal's Drive: small ones in batches, each large one by its own request.
type uploads struct {
	c      *Maker
	files  []desk.File
	open   func(int) (io.ReadCloser, error)
	p      *desk.Prepared
	folder int64

	folderKnown bool // also if it is missing, see lost
	asking      bool // the folder is being asked for

	inline int64 // most bytes of files in one batch
	apart  int64 // files of more bytes are sent by their own requests

	checking int // earlier uploads that are being checked

	next  int
	addrs map[int]string // upload addresses of large files, by index
	lost  error          // error for all files: the folder is missing
}

// begin asks for the folder, if it is needed and unknown.
func (u *uploads) begin(p *bitrix.Plan) {
	u.check(p)
	u.addrs, u.inline = map[int]string{}, maxInline
	u.c.Recall(savedInline, &u.inline)
	u.apart = u.part()
	var none string
	if u.c.Recall(savedNoDisk, &none); none != "" {
		u.folderKnown, u.lost = true, fault.New(fault.Never, errors.New(none))
		return
	}
	if u.c.Recall(savedFolder, &u.folder) && u.folder != 0 || len(u.files) == 0 {
		u.folderKnown = true
		return
	}
	u.askFolder(p)
}

// check looks at the files that an earlier pass uploaded. If one is gone, or its number belongs to another file because
// the portal was restored from a backup, it is uploaded again.
func (u *uploads) check(p *bitrix.Plan) {
	u.files = slices.Clone(u.files)
	for i, f := range u.files {
		if f.Object == 0 {
			continue
		}
		u.checking++
		p.Add(bitrix.Do("disk.file.get", bitrix.With("id", f.Object)), func(a bitrix.Answer) {
			u.checking--
			var (
				o object
				e *bitrix.Error
			)
			there := a.Err == nil && bitrix.Into(a.Result, &o) == nil && !o.another(f) &&
				stem(string(o.Name)) == stem(driveName(f.Name))
			gone := errors.As(a.Err, &e) && e.Coded("ERROR_NOT_FOUND", "ACCESS_DENIED")
			if !there && (a.Err == nil || gone) { // otherwise the check failed: keep the number
				u.files[i].Object = 0
			}
		})
	}
}

// askFolder asks for the folder of the acting user. fill asks again if the same request shows that the acting user has
// changed.
func (u *uploads) askFolder(p *bitrix.Plan) {
	user := u.c.Self()
	u.asking = true
	p.Add(storageList(user), func(a bitrix.Answer) {
		if u.asking = false; user != u.c.Self() {
			return
		}
		u.folder, u.lost = u.c.takeFolder(a)
		u.folderKnown = true
	})
}

// fill adds the next files to the plan, as many as one batch takes, and reports whether all files are added. It adds
// none while the folder is being asked for: files chained to that answer would be uploaded to a wrong place if it
// fails.
func (u *uploads) fill(p *bitrix.Plan) bool {
	if u.checking > 0 {
		return false
	}
	if !u.folderKnown {
		if !u.asking {
			u.askFolder(p)
		}
		return false
	}
	if u.lost != nil {
		for ; u.next < len(u.files); u.next++ {
			if u.p.Objects[u.next] = u.files[u.next].Object; u.files[u.next].Object == 0 {
				u.p.Errs[u.next] = u.lost
			}
		}
		return true
	}
	room := u.inline
	for ; u.next < len(u.files) && p.Len() < bitrix.MaxCommands; u.next++ {
		i, f := u.next, u.files[u.next]
		if f.Object != 0 {
			u.p.Objects[i] = f.Object
			continue
		}
		if f.Size > room && f.Size <= u.apart {
			return false // the next batch has room
		}
		cmd, n, err := u.command(i, room)
		if err != nil {
			u.p.Errs[i] = err
			continue
		}
		room -= n
		p.Add(cmd, func(a bitrix.Answer) { u.take(i, a) })
	}
	return u.next == len(u.files)
}

// tooMuch records that the server refuses so many bytes in one batch, so that the next pass sends fewer.
func (u *uploads) tooMuch(err error) {
	var e *bitrix.Error
	if errors.As(err, &e) && e.Status == http.StatusRequestEntityTooLarge && u.inline > minInline {
		u.c.Remember(savedInline, u.inline/2)
	}
}

// command returns the call that uploads the file, or for a large file asks for its upload address. It also returns the
// number of bytes in the call.
//
// QUIRK: without generateUniqueName a second file of the same name is an error (disk/folder/disk-folder-upload-file).
// QUIRK: batch refuses only methods named upload and download; uploads as base64 work
// (settings/how-to-call-rest-api/batch says otherwise).
func (u *uploads) command(i int, room int64) (bitrix.Command, int64, error) {
	name := driveName(u.files[i].Name)
	params := bitrix.With("id", u.folder).With("data", bitrix.With("NAME", name))
	if u.files[i].Size > u.apart {
		return bitrix.Do("disk.folder.uploadfile", params.With("generateUniqueName", true)), 0, nil
	}
	body, err := u.open(i)
	if err != nil {
		return bitrix.Command{}, 0, unopened(fmt.Errorf("open file %d: %w", i, err))
	}
	defer body.Close()
	var content bytes.Buffer
	content.Grow(int(min(u.files[i].Size, room)) + bytes.MinRead)
	_, err = content.ReadFrom(io.LimitReader(body, room+1))
	switch {
	case err != nil:
		return bitrix.Command{}, 0, fault.New(fault.Refused, fmt.Errorf("read file %d: %w", i, err))
	case content.Len() == 0:
		return bitrix.Command{}, 0, fault.New(fault.Never, fmt.Errorf("upload file %d: it is empty", i))
	case int64(content.Len()) > room: // larger than its Size
		return bitrix.Do("disk.folder.uploadfile", params.With("generateUniqueName", true)), 0, nil
	}
	params = params.With("fileContent", bitrix.File{
		Name:    name,
		Content: content.Bytes(),
	}).With("generateUniqueName", true)
	return bitrix.Do("disk.folder.uploadfile", params), int64(content.Len()), nil
}

// unopened returns the error of a file that could not be opened. It concerns that file only, and is final if err is.
func unopened(err error) error {
	return &fault.Error{Outcome: max(fault.Of(err), fault.Refused), After: fault.After(err), Err: err}
}

// uploaded is the answer of an upload: the file, or the address to send it to.
//
// QUIRK: only ID is the number of the Drive object; FILE_ID is internal (disk/folder/disk-folder-upload-file).
type uploaded struct {
	ID        bitrix.ID   `json:"ID"`
	Field     bitrix.Text `json:"field"`
	UploadURL bitrix.Text `json:"uploadUrl"`
}

func (u *uploads) take(i int, a bitrix.Answer) {
	var r uploaded
	err := a.Err
	if err == nil {
		err = bitrix.Into(a.Result, &r)
	}
	var e *bitrix.Error
	switch {
	case errors.As(err, &e) && e.Coded("ERROR_NOT_FOUND", "ACCESS_DENIED"):
		u.c.Remember(savedFolder, int64(0)) // the folder is gone: look for it again next time
		u.p.Errs[i] = fault.New(fault.Refused, fmt.Errorf("upload file %d: %w", i, e))
	case err != nil:
		u.tooMuch(err)
		u.p.Errs[i] = harmless(fmt.Errorf("upload file %d: %w", i, err))
	case r.ID != 0:
		u.p.Objects[i] = int64(r.ID)
	case r.UploadURL != "":
		u.addrs[i] = string(r.UploadURL)
	default:
		u.p.Errs[i] = fault.New(fault.Refused, fmt.Errorf("upload file %d: the answer holds no file", i))
	}
}
