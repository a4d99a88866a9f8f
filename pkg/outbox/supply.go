package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// supplies lists which effects have everything they need in the portal.
type supplies struct {
	ready   []desk.Pending // can be made
	waiting []desk.Result  // results of the others
	notes   desk.Attempts  // uploads and lookups, to be recorded with the first attempt
}

// takeNotes returns the notes that are not recorded yet.
func (s *supplies) takeNotes() desk.Attempts {
	notes := s.notes
	s.notes = desk.Attempts{}
	return notes
}

// add adds the supplies of other effects.
func (s *supplies) add(o supplies) {
	s.ready, s.waiting = append(s.ready, o.ready...), append(s.waiting, o.waiting...)
	if s.notes.Files == nil {
		s.notes.Files, s.notes.Missing = map[uint64][]desk.File{}, map[uint64][]string{}
		s.notes.Found = map[string]desk.Profile{}
	}
	maps.Copy(s.notes.Files, o.notes.Files)
	maps.Copy(s.notes.Missing, o.notes.Missing)
	if len(o.notes.Asked) > 0 {
		s.notes.Source, s.notes.Asked = o.notes.Source, append(s.notes.Asked, o.notes.Asked...)
		maps.Copy(s.notes.Found, o.notes.Found)
	}
}

// source identifies a file: the index of the pending effect, and the index of the file in the effect.
type source struct {
	due  int
	file int
}

// supply uploads the files of the effects and looks up the senders in the CRM, in as few calls as possible.
func (p *posts) supply(ctx context.Context, due []desk.Pending) (s supplies, err error) {
	addresses, known, err := p.strangers(due)
	if err != nil {
		return s, err
	}
	s.ready = due
	files, sources := missing(due)
	if len(addresses)+len(files) > 0 {
		got, err := p.portal.Prepare(ctx, addresses, files, func(i int) (io.ReadCloser, error) {
			return p.content(ctx, due[sources[i].due].Effect.Post, files[i])
		})
		if Panicked(err) {
			return p.supplyEach(ctx, due, err)
		}
		p.takeFiles(&s, sources, got) // uploaded files are recorded even if the rest has failed
		if err != nil {
			p.tally.GiveUp(portal, err)
			p.tally.Wait(len(s.ready))
			s.ready = nil
			return s, nil
		}
		if got.Asked {
			s.notes.Source, s.notes.Asked, s.notes.Found = crm, addresses, got.Profiles
			for address, profile := range got.Profiles {
				known[address] = profile
			}
		}
	}
	for i := range s.ready {
		if post := s.ready[i].Effect.Post; post.Fields != nil && post.Fields.BindCRM {
			post.Fields.CRM = known[post.From.Key()].CRM
		}
	}
	return s, nil
}

// supplyEach supplies effects one by one, after supplying them together has panicked. It holds effects that panic
// alone.
func (p *posts) supplyEach(ctx context.Context, due []desk.Pending, cause error) (all supplies, err error) {
	if len(due) == 1 {
		return supplies{waiting: []desk.Result{p.hold(due[0], cause)}}, nil
	}
	for i := range due {
		s, err := p.supply(ctx, due[i:i+1:i+1])
		all.add(s)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// strangers returns the senders of new tasks who must be looked up in the portal's CRM, and the profiles of those
// already known. The CRM is used for names and for the contact linked to the task.
func (p *posts) strangers(due []desk.Pending) (ask []string, known map[string]desk.Profile, err error) {
	var all []string
	for _, d := range due {
		post := d.Effect.Post
		bind := post.Fields != nil && post.Fields.BindCRM
		if a := post.From.Key(); d.Effect.Kind == desk.OpenTask && a != "" &&
			(bind || slices.Contains(p.Sources, crm)) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	// without the profiles, only the names are missing
	if known, err = p.people.Profiles(crm, all, p.Now().Add(-p.ProfileAge)); Panicked(err) {
		p.tally.Problem("names", err)
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		if _, ok := known[a]; !ok && !slices.Contains(ask, a) {
			ask = append(ask, a)
		}
	}
	return ask, known, nil
}

// missing returns the files to be uploaded, with their sources: files that were not uploaded yet, and all files of
// effects that were tried before.
func missing(due []desk.Pending) (files []desk.File, sources []source) {
	for i, d := range due {
		for j, f := range d.Effect.Post.Files {
			if f.Object == 0 || d.Tries > 0 {
				files, sources = append(files, f), append(sources, source{i, j})
			}
		}
	}
	return files, sources
}

// takeFiles records which files the portal has and which are lost. An effect waits if the portal refused one of its
// files temporarily.
func (p *posts) takeFiles(s *supplies, sources []source, got desk.Prepared) {
	if len(sources) == 0 {
		return
	}
	due, lost, refused := s.ready, map[source]bool{}, map[int]error{}
	for k, src := range sources {
		f := &due[src.due].Effect.Post.Files[src.file]
		switch err := got.Errs[k]; {
		case err == nil:
			f.Object = got.Objects[k]
		case errors.Is(err, errGone), fault.Of(err) == fault.Never, p.overdue(due[src.due], err):
			p.Log.Warn("upload file", "ticket", due[src.due].Effect.Ticket, "err", err)
			lost[src] = true
		default:
			refused[src.due] = err
		}
	}
	s.notes.Files, s.notes.Missing, s.ready = map[uint64][]desk.File{}, map[uint64][]string{}, nil
	for i, d := range due {
		if slices.ContainsFunc(sources, func(src source) bool { return src.due == i }) {
			post := d.Effect.Post
			dropLost(post, func(file int) bool { return lost[source{i, file}] })
			s.notes.Files[d.Seq], s.notes.Missing[d.Seq] = post.Files, post.Missing
		}
		if err := refused[i]; err != nil {
			s.waiting = append(s.waiting, p.delayed(d, err))
		} else {
			s.ready = append(s.ready, d)
		}
	}
}

// dropLost moves lost files of a post to the list of missing names.
func dropLost(post *desk.Post, lost func(file int) bool) {
	var kept []desk.File
	for j, f := range post.Files {
		if lost(j) {
			post.Missing = append(post.Missing, sized(f))
		} else {
			kept = append(kept, f)
		}
	}
	post.Files = kept
}

// fileTime is how long an effect waits for a file that the portal or the mailbox refuses temporarily, before it is made
// without the file. Retries become less frequent meanwhile.
const fileTime = time.Hour

// overdue reports whether an effect has waited long enough for a file. It waits without limit for a mailbox that is
// away.
func (p *posts) overdue(d desk.Pending, err error) bool {
	return p.stuck(d) > fileTime && fault.ExtentOf(err) == fault.One && !errors.Is(err, errAway)
}

// stuck returns how long the effect has been waiting for a file.
func (p *posts) stuck(d desk.Pending) time.Duration {
	if d.Stuck.IsZero() {
		return 0
	}
	return p.Now().Sub(d.Stuck)
}

// delayed returns the result of an effect that waits for its files.
func (p *posts) delayed(d desk.Pending, err error) desk.Result {
	if fault.ExtentOf(err) != fault.One {
		p.tally.GiveUp(portal, err)
	}
	r := p.again(d, err)
	r.Unsure = d.Unsure // the effect itself was not attempted
	if r.Own = false; fault.ExtentOf(err) == fault.One {
		r.Stuck, r.Next = true, p.Now().Add(max(min(p.stuck(d)/2, fileTime/4), 90*time.Second, fault.After(err)))
	}
	p.tally.Wait(1)
	return r
}

// sized returns the name and the size of a file that is left out.
func sized(f desk.File) string {
	size := float64(f.Size)
	for _, unit := range []string{"B", "kB", "MB"} {
		if size < 1000 {
			return fmt.Sprintf("%s (%s %s)", f.Name, number(size), unit)
		}
		size /= 1000
	}
	return fmt.Sprintf("%s (%s GB)", f.Name, number(size))
}

func number(n float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0") }
