package person

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"helpdesk/pkg/store"
)

// ErrNotEmpty reports that a folder has files already.
var ErrNotEmpty = errors.New("there is something already: name a new folder")

// Export writes the records of a person to a folder, which must be new or empty: an overview, records by kind, whole
// letters as .eml and texts as .txt. For records of somebody else it writes only the places that name the person.
func Export(dir string, t *store.Trail) (files int, err error) {
	if err := emptied(dir); err != nil {
		return 0, err
	}
	w := &writer{dir: dir}
	w.json("person.json", overview(t))
	records := map[string][]store.Found{}
	for _, f := range t.Records {
		switch {
		case !f.Theirs:
		case f.Raw != nil:
			w.write(filepath.Join("letters", fmt.Sprintf("%s-%d.eml", f.Bucket(), f.Number)), f.Raw)
		case f.Text != "" && f.Ticket != 0:
			w.text(f)
		default:
			records[f.Kind] = append(records[f.Kind], f)
		}
	}
	for kind, list := range records {
		w.json(filepath.Join("records", kind+".json"), list)
	}
	return w.files, w.err
}

// overview returns the content of person.json: the person, and the other records that name them.
func overview(t *store.Trail) any {
	type place struct {
		Kind   string `json:"kind"`
		Ticket uint64 `json:"ticket,omitempty"`
		Number uint64 `json:"number,omitempty"`
	}
	named := []place{}
	kinds := map[string]int{}
	for _, f := range t.Records {
		if f.Theirs {
			kinds[f.Kind]++
		} else {
			named = append(named, place{f.Kind, f.Ticket, f.Number})
		}
	}
	return struct {
		Addresses []string       `json:"addresses"`
		Names     []string       `json:"names"`
		Records   map[string]int `json:"records"` // records of each kind
		NamedIn   []place        `json:"named_in"`
		Tasks     any            `json:"tasks"`
		Letters   any            `json:"letters"`
		Waiting   any            `json:"waiting"`
	}{t.Addresses, t.Names, kinds, named, t.Tasks, t.Letters, t.Waiting}
}

// emptied creates a private folder, or checks that an existing one is empty.
func emptied(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o700)
	case err != nil:
		return err
	case len(list) > 0:
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	return nil
}

// writer writes files into a folder until one fails.
type writer struct {
	dir   string
	files int
	err   error
}

func (w *writer) write(name string, content []byte) {
	if w.err != nil {
		return
	}
	path := filepath.Join(w.dir, name)
	if w.err = os.MkdirAll(filepath.Dir(path), 0o700); w.err == nil {
		w.err = os.WriteFile(path, content, 0o600)
	}
	w.files++
}

// text writes the text of a ticket's latest letter, or of our letters, without the time stamp before it.
func (w *writer) text(f store.Found) {
	name := fmt.Sprintf("t%d.txt", f.Ticket)
	if f.Ours {
		name = fmt.Sprintf("t%d-our-letters.txt", f.Ticket)
	}
	w.write(filepath.Join("texts", name), []byte(f.Text))
}

func (w *writer) json(name string, v any) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil && w.err == nil {
		w.err = err
	}
	w.write(name, append(raw, '\n'))
}
