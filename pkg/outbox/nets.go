package outbox

import (
	"context"
	"io"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/spool"
)

// The nets wrap the interfaces given to the outbox and turn a panic into an error. Rules and Texts have no nets,
// because they are called for one effect at a time within Try.

type queueNet struct{ Queue }

func (n queueNet) Due(now time.Time, most int, skip func(desk.Pending) bool) (due []desk.Pending, err error) {
	defer Caught("read the outbox", &err)
	return n.Queue.Due(now, most, skip)
}

func (n queueNet) Start(now time.Time, a desk.Attempts) (err error) {
	defer Caught("note attempts", &err)
	return n.Queue.Start(now, a)
}

func (n queueNet) Finish(now time.Time, results []desk.Result) (err error) {
	defer Caught("record results", &err)
	return n.Queue.Finish(now, results)
}

func (n queueNet) Flush() (err error) {
	defer Caught("record results", &err)
	return n.Queue.Flush()
}

func (n queueNet) Waiting() (waiting int, err error) {
	defer Caught("count what waits", &err)
	return n.Queue.Waiting()
}

func (n queueNet) Refused(mailbox string) (waiting []desk.Pending, taken time.Time, err error) {
	defer Caught("read what was refused", &err)
	return n.Queue.Refused(mailbox)
}

type sightingsNet struct{ Sightings }

func (n sightingsNet) Unseen(before time.Time, most int) (list []desk.Unconfirmed, err error) {
	defer Caught("read what is unconfirmed", &err)
	return n.Sightings.Unseen(before, most)
}

func (n sightingsNet) Saw(now time.Time, looked []desk.Looked) (err error) {
	defer Caught("record what was seen", &err)
	return n.Sightings.Saw(now, looked)
}

type ticketsNet struct{ Tickets }

func (n ticketsNet) Ticket(number uint64) (t desk.Ticket, err error) {
	defer Caught("read ticket", &err)
	return n.Tickets.Ticket(number)
}

type keptNet struct{ Kept }

func (n keptNet) Stored(at desk.Place) (found [][]byte, err error) {
	defer Caught("read quarantine", &err)
	return n.Kept.Stored(at)
}

type peopleNet struct{ People }

// Ahead is silent about a panic, which happens again when a name is asked for, or does no harm.
func (n peopleNet) Ahead(sources, addresses []string) {
	_ = Try("look up names", func() error { n.People.Ahead(sources, addresses); return nil })
}

func (n peopleNet) Contact(address string) (p desk.Profile, ok bool, err error) {
	defer Caught("look up name", &err)
	return n.People.Contact(address)
}

func (n peopleNet) Profiles(source string, addresses []string,
	since time.Time) (found map[string]desk.Profile, err error) {
	defer Caught("look up names", &err)
	return n.People.Profiles(source, addresses, since)
}

func (n peopleNet) SetProfiles(now time.Time, source string, asked []string,
	found map[string]desk.Profile) (err error) {
	defer Caught("keep names", &err)
	return n.People.SetProfiles(now, source, asked, found)
}

type directoryNet struct{ Directory }

func (n directoryNet) Profiles(ctx context.Context, addresses []string) (found map[string]desk.Profile, err error) {
	defer Caught("look up names", &err)
	return n.Directory.Profiles(ctx, addresses)
}

type staffNet struct{ Staff }

func (n staffNet) Dismissed(ctx context.Context, user int64) (gone bool, err error) {
	defer Caught("look at a user", &err)
	return n.Staff.Dismissed(ctx, user)
}

type portalNet struct{ Portal }

func (n portalNet) Prepare(ctx context.Context, addresses []string, files []desk.File,
	open func(i int) (io.ReadCloser, error)) (got desk.Prepared, err error) {
	defer Caught("upload files", &err)
	return n.Portal.Prepare(ctx, addresses, files, open)
}

func (n portalNet) Make(ctx context.Context, effects []desk.Effect) (made []desk.Made) {
	err := Try("make effects", func() error { made = n.Portal.Make(ctx, effects); return nil })
	if err != nil {
		made = make([]desk.Made, len(effects))
		for i := range made {
			made[i].Err = err
		}
	}
	return made
}

func (n portalNet) Look(ctx context.Context, made []desk.Unconfirmed,
	since time.Time) (sights []desk.Sight, err error) {
	defer Caught("look at what was made", &err)
	return n.Portal.Look(ctx, made, since)
}

func (n portalNet) Attach(ctx context.Context, e desk.Effect, missing []int) (err error) {
	defer Caught("attach files again", &err)
	return n.Portal.Attach(ctx, e, missing)
}

func (n portalNet) Find(ctx context.Context, effects []desk.Effect, since time.Time) (found []desk.Made, err error) {
	defer Caught("look for effects", &err)
	return n.Portal.Find(ctx, effects, since)
}

func (n portalNet) States(ctx context.Context, tasks []int64) (states map[int64]desk.TaskState, err error) {
	defer Caught("look at tasks", &err)
	return n.Portal.States(ctx, tasks)
}

func (n portalNet) Download(ctx context.Context, f desk.File, w io.Writer) (err error) {
	defer Caught("download file", &err)
	return n.Portal.Download(ctx, f, w)
}

func (n portalNet) Like(ctx context.Context, messages []int64, again bool) (err error) {
	defer Caught("like messages", &err)
	return n.Portal.Like(ctx, messages, again)
}

type relayNet struct{ Relay }

func (n relayNet) Send(ctx context.Context, l desk.Letter) (sent desk.Sent, err error) {
	defer Caught("send letter", &err)
	return n.Relay.Send(ctx, l)
}

func (n relayNet) Close() (err error) {
	defer Caught("close relay", &err)
	return n.Relay.Close()
}

type originalsNet struct{ Originals }

func (n originalsNet) Fetch(ctx context.Context, ls []desk.Listing, limit int64,
	fn func(l desk.Listing, body *spool.Body, err error) error) (err error) {
	defer Caught("fetch message", &err)
	return n.Originals.Fetch(ctx, ls, limit, fn)
}

func (n originalsNet) Close() (err error) {
	defer Caught("close mailbox", &err)
	return n.Originals.Close()
}

// open opens the sender's mailbox to read files of its messages.
func (s Sender) open(ctx context.Context) (o Originals, err error) {
	defer Caught("open mailbox", &err)
	if o, err = s.Open(ctx); err == nil {
		o = originalsNet{o}
	}
	return o, err
}

// dial opens a connection to the sender's relay.
func (s Sender) dial(ctx context.Context) (r Relay, err error) {
	defer Caught("open relay", &err)
	if r, err = s.Relay(ctx); err == nil {
		r = relayNet{r}
	}
	return r, err
}
