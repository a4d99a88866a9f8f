package portal

import (
	"context"
	"errors"
	"fmt"
	"io"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// object is a file of the Drive, or an attachment.
type object struct {
	Name        bitrix.Text `json:"NAME"`
	Size        bitrix.ID   `json:"SIZE"`
	DownloadURL bitrix.Text `json:"DOWNLOAD_URL"`
}

// another reports whether the object is a different file with the same number, as on a portal restored from a backup. A
// file that was merely renamed is not another one.
func (o object) another(f desk.File) bool {
	if o.Size > 0 && f.Size > 0 {
		return int64(o.Size) != f.Size
	}
	return o.Name != "" && f.Name != "" && stem(string(o.Name)) != stem(f.Name)
}

// Download writes the content of a comment's file to w. It asks for a new address each time, since the token in the
// address expires soon.
func (c *Maker) Download(ctx context.Context, f desk.File, w io.Writer) error {
	method, id := "disk.file.get", f.Object
	if id == 0 {
		method, id = "disk.attachedObject.get", f.Attach
	}
	var r object
	addr := f.URL
	if id != 0 {
		err := c.Call(ctx, method, bitrix.With("id", id), &r)
		switch {
		case err == nil && r.another(f):
			return fault.New(fault.Never, fmt.Errorf("download file: number %d is another file by now", id))
		case err == nil && r.DownloadURL != "":
			addr = string(r.DownloadURL)
		case err != nil && (addr == "" || fault.ExtentOf(err) == fault.Server):
			return fmt.Errorf("find file %d: %w", id, err)
		}
	}
	if addr == "" {
		return fault.New(fault.Never, errors.New("download file: the portal tells no address"))
	}
	if err := c.Fetch(ctx, addr, f.Size, w); err != nil {
		return fmt.Errorf("download file: %w", err)
	}
	return nil
}
