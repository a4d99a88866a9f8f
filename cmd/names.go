package cmd

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdesk/cmd/setup"
	"helpdesk/cmd/wiring"
	"helpdesk/templates"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// table is what an import has read: names by address, and the rows in error.
type table struct {
	names map[string]string
	bad   []error           // file:line: what is expected
	spelt map[string]string // key of an address in names, by the address in lower case
}

// columns are the indexes of the columns; -1 = there is no such column.
type columns struct{ address, name, given, middle, surname int }

// unheaded are the columns of a table without a heading.
var unheaded = columns{address: 0, name: 1, given: -1, middle: -1, surname: -1}

// readNames reads a table of addresses and names. A first row without an address is the heading: if its names are
// known, the columns may be in any order.
func readNames(r io.Reader, file string) (table, error) {
	t := table{names: map[string]string{}, spelt: map[string]string{}}
	raw, err := io.ReadAll(r)
	if err != nil {
		return t, fmt.Errorf("read %s: %w", file, err)
	}
	text, line := decodeTable(string(raw))
	if line > 0 {
		return t, fmt.Errorf("%s:%d: is neither UTF-8 nor Windows-1251: save it as CSV UTF-8", file, line)
	}
	known, err := headings()
	if err != nil {
		return t, err
	}
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord, c.LazyQuotes, c.TrimLeadingSpace, c.Comma = -1, true, true, separator(text)
	at := unheaded
	var unknown error
	for first := true; ; {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			if len(t.bad) > 0 && unknown != nil {
				t.bad = append([]error{unknown}, t.bad...)
			}
			return t, nil
		}
		if err != nil {
			return t, fmt.Errorf("read %s: %w", file, err)
		}
		if len(row) == 1 && strings.TrimSpace(row[0]) == "" {
			continue
		}
		headed := first && !slices.ContainsFunc(row, func(cell string) bool { return strings.Contains(cell, "@") })
		if first = false; headed {
			if found, ok := known.find(row); ok {
				at = found
			} else {
				unknown = fmt.Errorf("%s:1: the headings %q are not known, so the first column is taken for the "+
					"addresses and the second for the names: call them address and name", file, row)
			}
			continue
		}
		if err := t.add(at.read(row)); err != nil {
			line, _ := c.FieldPos(0)
			t.bad = append(t.bad, fmt.Errorf("%s:%d: an address and a name are wanted: %w", file, line, err))
		}
	}
}

// add records the name for each address of a cell, and returns an error for the parts that are no addresses. Words
// without @ in the cell are ignored: they may be a name.
func (t table) add(cell, name string) error {
	var addresses, wrong []string
	for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",; <>", r) }) {
		switch {
		case setup.Mailbox(word):
			addresses = append(addresses, word)
		case strings.Contains(word, "@"):
			wrong = append(wrong, word)
		}
	}
	switch {
	case cell == "":
		return errors.New("no address")
	case len(addresses)+len(wrong) == 0:
		return fmt.Errorf("%q is no address", cell)
	case name == "":
		return errors.New("no name")
	}
	for _, address := range addresses {
		plain := strings.ToLower(address)
		if t.spelt[plain] == "" {
			t.spelt[plain] = address
		}
		t.names[t.spelt[plain]] = name // of two rows the last one wins
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%q is no address", strings.Join(wrong, " "))
	}
	return nil
}

// read returns the address and the name in a row.
func (c columns) read(row []string) (address, name string) {
	cell := func(at int) string {
		if at < 0 || at >= len(row) {
			return ""
		}
		return strings.Join(strings.Fields(row[at]), " ")
	}
	name = cell(c.name)
	if name == "" { // a greeting uses the given name and the patronymic
		last := cell(c.middle)
		if last == "" {
			last = cell(c.surname)
		}
		name = strings.TrimSpace(cell(c.given) + " " + last)
	}
	return cell(c.address), name
}

// heads are the known headings, by column.
type heads struct{ Address, Name, Given, Middle, Surname []string }

func headings() (h heads, err error) { return h, wiring.Data(templates.FS, "columns.yaml", &h) }

// find returns the columns of a table by its heading; false if there is no column of addresses or of names.
func (h heads) find(row []string) (columns, bool) {
	at := func(names []string) int {
		for _, name := range names { // the most specific first
			for i, cell := range row {
				if plainHeading(cell) == plainHeading(name) {
					return i
				}
			}
		}
		return -1
	}
	c := columns{at(h.Address), at(h.Name), at(h.Given), at(h.Middle), at(h.Surname)}
	return c, c.address >= 0 && (c.name >= 0 || c.given >= 0)
}

// plainHeading removes differences in spelling from a heading.
func plainHeading(s string) string {
	return strings.NewReplacer("\u0451", "\u0435", ".", "", "-", "", " ", "", "_", "", "\u00a0",
		"").Replace(strings.ToLower(s))
}

// decodeTable returns the text of a table as Excel writes it: UTF-8, UTF-16 with a byte order mark, else the code page
// of Russian Windows. If it is none of these, line is the first undecodable line, from 1.
func decodeTable(raw string) (text string, line int) {
	text, marked := strings.CutPrefix(raw, "\ufeff")
	odd := "\x00\ufffd"
	switch {
	case strings.HasPrefix(raw, "\xff\xfe"), strings.HasPrefix(raw, "\xfe\xff"):
		// undecodable bytes become U+FFFD
		text, _ = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().String(raw)
	case marked || utf8.ValidString(text):
		text = strings.ToValidUTF8(text, "\ufffd")
	default:
		text, _ = charmap.Windows1251.NewDecoder().String(raw)
		// QUIRK: Excel's "CSV (MS-DOS)" uses code page 866. Read as Windows-1251, its most frequent letters become
		// these signs, which no name contains.
		odd += "\u00a4\u00a6\u00ac\u00ad"
	}
	if i := strings.IndexAny(text, odd); i >= 0 {
		return "", 1 + strings.Count(text[:i], "\n")
	}
	return text, 0
}

// separator returns the separator after the first field: the country's list separator, or a tab.
func separator(text string) rune {
	quoted := false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(",;\t", r):
			return r
		}
	}
	return ','
}
