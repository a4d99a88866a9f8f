package pass

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// Why a file can't be had: ever, or as long as its mailbox is away.
var (
	errGone = errors.New("the message is no longer in the mailbox")
	errAway = errors.New("the mailbox is away")
)

// fileTime is how long an effect waits for a file that the portal or the mailbox does not let through, before it is made
// without. It is tried less and less often meanwhile.
const fileTime = time.Hour

// source is a file of a pending effect: which effect, and which of its files.
type source struct {
	due  int
	file int
}

// prepare brings to the portal what the effects need there, names and files, in as few calls as it takes. It returns the
// effects ready to be made, what is to be noted of them before they are, and what became of those that must wait.
func (p *Pass) prepare(ctx context.Context, due []desk.Pending) (_ []desk.Pending, a desk.Attempts, waiting []desk.Result, err error) {
	addresses, known, err := p.strangers(due)
	if err != nil {
		return nil, a, nil, err
	}
	var (
		files   []desk.File
		sources []source
	)
	for i, d := range due {
		for j, f := range d.Effect.Post.Files {
			if f.Object == 0 {
				files, sources = append(files, f), append(sources, source{i, j})
			}
		}
	}
	if len(addresses)+len(files) > 0 {
		got, err := p.Portal.Prepare(ctx, addresses, files, func(i int) (io.ReadCloser, error) {
			s := sources[i]
			return p.content(ctx, due[s.due].Effect.Post, due[s.due].Effect.Post.Files[s.file])
		})
		due, waiting = p.uploaded(due, sources, got, &a) // what is there need not go again, whatever became of the rest
		if err != nil {
			p.gone("portal", err)
			p.add(&p.report.Waiting, len(due))
			return nil, a, waiting, nil
		}
		if got.Asked {
			a.Source, a.Asked, a.Found = crm, addresses, got.Profiles
			for address, profile := range got.Profiles {
				known[address] = profile
			}
		}
	}
	for i := range due {
		if f := due[i].Effect.Post.Fields; f != nil && f.BindCRM {
			f.CRM = known[due[i].Effect.Post.From.Key()].CRM
		}
	}
	a.Seqs = seqs(due)
	return due, a, waiting, nil
}

// strangers returns the senders of new tasks whom the portal's CRM has not been asked for lately, and what is known of
// the others. It is asked for names and for the contact to bind to the task.
func (p *Pass) strangers(due []desk.Pending) (ask []string, known map[string]desk.Profile, err error) {
	var all []string
	for _, d := range due {
		post := d.Effect.Post
		bind := post.Fields != nil && post.Fields.BindCRM
		if a := post.From.Key(); d.Effect.Kind == desk.OpenTask && a != "" && (bind || slices.Contains(p.Sources, crm)) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	if known, err = p.People.Profiles(crm, all, p.Now().Add(-p.ProfileAge)); err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		if _, ok := known[a]; !ok && !slices.Contains(ask, a) {
			ask = append(ask, a)
		}
	}
	return ask, known, nil
}

// uploaded notes which files the portal has, and which can't be had any more; an effect whose file the portal refused
// for now waits.
func (p *Pass) uploaded(due []desk.Pending, sources []source, got desk.Prepared, a *desk.Attempts) (ready []desk.Pending, waiting []desk.Result) {
	if len(sources) == 0 {
		return due, nil
	}
	var (
		lost  = map[source]bool{}
		waits = map[int]error{}
	)
	a.Files, a.Missing = map[uint64][]desk.File{}, map[uint64][]string{}
	for k, s := range sources {
		f := &due[s.due].Effect.Post.Files[s.file]
		switch err := got.Errs[k]; {
		case err == nil:
			f.Object = got.Objects[k]
		case errors.Is(err, errGone), fault.Of(err) == fault.Never, p.overdue(due[s.due], err):
			p.Log.Warn("upload file", "ticket", due[s.due].Effect.Ticket, "err", err)
			lost[s] = true
		default:
			waits[s.due] = err
		}
	}
	for _, s := range sources {
		d := &due[s.due]
		if _, done := a.Files[d.Seq]; done {
			continue
		}
		post := d.Effect.Post
		var kept []desk.File
		for j, f := range post.Files {
			if lost[source{s.due, j}] {
				post.Missing = append(post.Missing, sized(f))
			} else {
				kept = append(kept, f)
			}
		}
		post.Files = kept
		a.Files[d.Seq], a.Missing[d.Seq] = kept, post.Missing
	}
	return p.put(due, waits)
}

// overdue says whether an effect has waited long enough for a file that does not get through. A mailbox that is away is waited for.
func (p *Pass) overdue(d desk.Pending, err error) bool {
	return p.stuck(d) > fileTime && fault.ExtentOf(err) == fault.One && !errors.Is(err, errAway)
}

// stuck returns how long a file of the effect has not got through.
func (p *Pass) stuck(d desk.Pending) time.Duration {
	if d.Stuck.IsZero() {
		return 0
	}
	return p.Now().Sub(d.Stuck)
}

// put puts off the effects that wait for their files, and returns the others first.
func (p *Pass) put(due []desk.Pending, waits map[int]error) (ready []desk.Pending, results []desk.Result) {
	for i, d := range due {
		err, wait := waits[i]
		if !wait {
			ready = append(ready, d)
			continue
		}
		if fault.ExtentOf(err) != fault.One {
			p.gone("portal", err)
		}
		r := p.again(d, err)
		r.Unsure = d.Unsure // the task itself was not tried
		if r.Blamed = false; fault.ExtentOf(err) == fault.One {
			r.Stuck, r.Next = true, p.Now().Add(max(min(p.stuck(d)/2, fileTime/4), 90*time.Second, fault.After(err)))
		}
		results = append(results, r)
		p.add(&p.report.Waiting, 1)
	}
	return ready, results
}

// content opens a file of a message: from those being worked on, else from its mailbox, else from the quarantine.
func (p *Pass) content(ctx context.Context, post *desk.Post, f desk.File) (io.ReadCloser, error) {
	if post.Message == nil {
		return nil, fault.New(fault.Never, fmt.Errorf("open %s: %w", f.Name, errGone))
	}
	kept, err := p.body(ctx, *post.Message)
	for _, at := range post.Copies {
		if !errors.Is(err, errGone) {
			break
		}
		kept, err = p.body(ctx, at)
	}
	if err != nil {
		return nil, err
	}
	if f.Part == desk.WholeMessage {
		return io.NopCloser(kept.Open()), nil
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(extract(kept, f.Part, w)) }()
	return r, nil
}

// extract writes a part of a message, and fails instead of ending the program.
func extract(kept *spool.Body, part int, w io.Writer) (err error) {
	defer caught("extract file", &err)
	return eml.Extract(kept.Open(), part, w)
}

// body returns a message that is being worked on, or reads it again.
func (p *Pass) body(ctx context.Context, at desk.Place) (*spool.Body, error) {
	if kept, ok := p.bodies.get(at); ok {
		return kept, nil
	}
	return p.refetch(ctx, at)
}

// refetch reads a message again for its files.
func (p *Pass) refetch(ctx context.Context, at desk.Place) (*spool.Body, error) {
	raw, err := p.Quarantine.Stored(at)
	if err != nil {
		return nil, err
	}
	if raw != nil {
		return spool.Hold(raw), nil
	}
	b, ok := p.box(at.Mailbox)
	if !ok {
		return nil, fault.New(fault.Refused, fmt.Errorf("fetch message: mailbox %s is not configured any more", at.Mailbox))
	}
	mb, err := b.Open(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	defer mb.Close()
	var kept *spool.Body
	err = mb.Fetch(ctx, []desk.Listing{{Place: at}}, 0, func(l desk.Listing, body *spool.Body, err error) error {
		if err == nil {
			kept = body
			p.bodies.add(at, body)
		}
		return err
	})
	switch {
	case kept == nil && (err == nil || fault.Of(err) == fault.Never):
		err = fault.New(fault.Never, fmt.Errorf("fetch message %d of mailbox %s: %w", at.UID, at.Mailbox, errGone))
	case err != nil && fault.ExtentOf(err) != fault.One:
		err = fmt.Errorf("%w: %w", errAway, err)
	}
	return kept, err
}
