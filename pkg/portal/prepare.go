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

// Prepare looks up the addresses in the CRM and uploads the files, in one batch if they fit. It may be repeated after
// any error: nothing it makes counts as an effect, and files left behind by a failure are only litter. Its results
// count even with an error. A file that can't be uploaded has its error in Errs and does not stop the others. Prepare
// calls open in the order of the files, and a second time for a file that must be sent by itself.
func (c *Maker) Prepare(ctx context.Context, addresses []string, files []desk.File,
	open func(i int) (io.ReadCloser, error)) (desk.Prepared, error) {
	p := desk.Prepared{Objects: make([]int64, len(files)), Errs: make([]error, len(files))}
	look := c.Plan()
	contacts := c.lookUp(addresses)
	up := &uploads{c: c, files: files, open: open, p: &p}
	contacts.ask(look)
	up.begin(look)
	for done := up.fill(look); !done || look.Len() > 0; {
		wait, next, from := look.Start(ctx), c.Plan(), up.next
		done = up.fill(next) // reads the next files while these are being sent
		if err := wait(); err != nil {
			return p, harmless(fmt.Errorf("prepare: %w", err))
		}
		contacts.ask(next)
		if up.next == from { // it had to wait for an answer
			done = up.fill(next)
		}
		look = next
	}
	contacts.into(c, &p)
	if err := up.large(ctx); err != nil {
		return p, harmless(fmt.Errorf("prepare: %w", err))
	}
	return p, nil
}

// harmless marks err as one after which nothing that counts was made.
func harmless(err error) error {
	if fault.Of(err) != fault.Unsure {
		return err
	}
	return &fault.Error{
		Outcome: fault.Refused,
		Extent:  fault.ExtentOf(err),
		After:   fault.After(err),
		Err:     fault.Bare(err),
	}
}

// takeFolder reads the Drive folder for uploads: the root of the webhook user's own storage.
func (c *Maker) takeFolder(a bitrix.Answer) (int64, error) {
	type storage struct {
		Root bitrix.ID `json:"ROOT_OBJECT_ID"`
	}
	if a.Err != nil {
		return 0, c.noDisk(a.Err)
	}
	for _, s := range bitrix.Rows[storage](a.Result) {
		if s.Root != 0 {
			c.Remember(savedFolder, int64(s.Root))
			c.Remember(savedNoDisk, "")
			return int64(s.Root), nil
		}
	}
	return 0, c.noDisk(fault.New(fault.Never, errors.New("the webhook's user has no storage")))
}

// noDisk returns the error for a missing folder. If only a person can change this, it is remembered for a day, and
// tasks are made without their files.
func (c *Maker) noDisk(err error) error {
	why := fmt.Errorf("find folder for files: %w", fault.Bare(err))
	if fault.ExtentOf(err) != fault.Setup && fault.Of(err) != fault.Never {
		return &fault.Error{Outcome: fault.Of(err), Extent: fault.ExtentOf(err), After: fault.After(err), Err: why}
	}
	c.Remember(savedNoDisk, why.Error())
	return fault.New(fault.Never, why)
}

func storageList(user int64) bitrix.Command {
	return bitrix.Do("disk.storage.getlist",
		bitrix.With("filter", bitrix.With("ENTITY_TYPE", "user").With("ENTITY_ID", user)))
}
