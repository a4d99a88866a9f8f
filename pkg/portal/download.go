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

// Download writes the content of a comment's file to w. The address is asked for anew, since each carries a token that
// ends soon.
func (c *Maker) Download(ctx context.Context, f desk.File, w io.Writer) error {
	method, id := "disk.file.get", f.Object
	if id == 0 {
		method, id = "disk.attachedObject.get", f.Attach
	}
	var r struct {
		DownloadURL bitrix.Text `json:"DOWNLOAD_URL"`
	}
	addr := f.URL
	if id != 0 {
		err := c.Call(ctx, method, bitrix.With("id", id), &r)
		switch {
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
