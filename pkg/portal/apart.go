package portal

import (
	"context"
	"errors"
	"fmt"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/fault"
)

// part returns the size above which files are sent apart. If one batch takes all files, that is one request. Otherwise
// a file of more than half a batch takes about a request of its own either way, and in a batch it is larger by two
// fifths, because it is sent as base64 in a query.
func (u *uploads) part() int64 {
	var total int64
	for _, f := range u.files {
		if f.Object == 0 {
			total += f.Size
		}
	}
	var fails bool
	if u.c.Recall(savedNoPost, &fails); fails || total <= u.inline {
		return u.inline
	}
	return u.inline / 2
}

// large sends the large files one by one, without reading them into memory. A failure counts for that file alone, since
// the file may be what the server fails on; after two failures in a row the rest is given up.
func (u *uploads) large(ctx context.Context) error {
	failed := 0
	for i := range u.files {
		addr, ok := u.addrs[i]
		if !ok {
			continue
		}
		err := u.post(ctx, i, addr)
		if err == nil {
			failed = 0
			continue
		}
		err = fmt.Errorf("upload file %d: %w", i, err)
		if fault.ExtentOf(err) != fault.One {
			failed++
		}
		u.p.Errs[i] = &fault.Error{
			Outcome: max(fault.Of(err), fault.Refused),
			After:   fault.After(err),
			Err:     fault.Bare(err),
		}
		if failed > 1 || fault.ExtentOf(err) == fault.Setup || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// post sends one file to the address that the portal gave for it. If that fails although a batch can take the file, the
// next attempts use batches: the address of a portal behind a proxy may be wrong. The end of the pass is such a failure
// too, because every pass may end in the same upload. What only a person could mend is then no more than a refusal.
func (u *uploads) post(ctx context.Context, i int, addr string) error {
	body, err := u.open(i)
	if err != nil {
		return unopened(fmt.Errorf("open: %w", err))
	}
	defer body.Close()
	var r uploaded
	answer, err := u.c.Upload(ctx, addr, driveName(u.files[i].Name), u.files[i].Size, body)
	if err == nil && (bitrix.Into(answer, &r) != nil || r.ID == 0) {
		err = fault.New(fault.Refused, errors.New("the answer holds no file"))
	}
	size, stopped := u.files[i].Size, errors.Is(ctx.Err(), context.Canceled)
	if err != nil && size > u.apart && size <= u.inline && !stopped {
		u.c.Remember(savedNoPost, true)
		if fault.Of(err) == fault.Never || fault.ExtentOf(err) == fault.Setup {
			err = fault.New(fault.Refused, fault.Bare(err))
		}
	}
	u.p.Objects[i] = int64(r.ID)
	return err
}
