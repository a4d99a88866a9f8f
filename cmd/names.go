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

// table is what an import reads: names by address, and the rows that hold none.
type table struct {
	names map[string]string
	bad   []error           // file:line: what is wanted
	spelt map[string]string // how an address of names is spelt there, by its small letters
}

// columns are where a table has what; -1 = nowhere.
type columns struct{ address, name, given, middle, surname int }

// unheaded are the columns of a table whose first line is a row like the others.
var unheaded = columns{address: 0, name: 1, given: -1, middle: -1, surname: -1}

// readNames reads a table of addresses and names. A first line without an address is its head: where it names the
// columns in a way that is known, they may stand in any order.
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

// add enters the name for each address of a cell, and returns why a part of it can't be entered. What stands beside an
// address in such a cell may be a name.
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
		t.names[t.spelt[plain]] = name // of two rows the last counts
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%q is no address", strings.Join(wrong, " "))
	}
	return nil
}

// read returns what a row says.
func (c columns) read(row []string) (address, name string) {
	cell := func(at int) string {
		if at < 0 || at >= len(row) {
			return ""
		}
		return strings.Join(strings.Fields(row[at]), " ")
	}
	name = cell(c.name)
	if name == "" { // a greeting takes the given name and the patronymic
		last := cell(c.middle)
		if last == "" {
			last = cell(c.surname)
		}
		name = strings.TrimSpace(cell(c.given) + " " + last)
	}
	return cell(c.address), name
}

// heads are the headings that are known, by column.
type heads struct{ Address, Name, Given, Middle, Surname []string }

func headings() (h heads, err error) { return h, wiring.Data(templates.FS, "columns.yaml", &h) }

// find returns which columns a table has by its head; false where it names no address or no name.
func (h heads) find(row []string) (columns, bool) {
	at := func(names []string) int {
		for _, name := range names { // the most telling first
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

// plainHeading returns a heading without what people write differently.
func plainHeading(s string) string {
	return strings.NewReplacer("\u0451", "\u0435", ".", "", "-", "", " ", "", "_", "", "\u00a0",
		"").Replace(strings.ToLower(s))
}

// decodeTable returns the text of a table as Excel writes them: UTF-8, UTF-16 with a mark, else the code page of a
// Russian Windows; or the first line that is none of these.
func decodeTable(raw string) (text string, line int) {
	text, marked := strings.CutPrefix(raw, "\ufeff")
	odd := "\x00\ufffd"
	switch {
	case strings.HasPrefix(raw, "\xff\xfe"), strings.HasPrefix(raw, "\xfe\xff"):
		// puts U+FFFD for what it can't read
		text, _ = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().String(raw)
	case marked || utf8.ValidString(text):
		text = strings.ToValidUTF8(text, "\ufffd")
	default:
		text, _ = charmap.Windows1251.NewDecoder().String(raw)
		// QUIRK: Excel's "CSV (MS-DOS)" is in code page 866, whose commonest letters would be these signs, of no name.
		odd += "\u00a4\u00a6\u00ac\u00ad"
	}
	if i := strings.IndexAny(text, odd); i >= 0 {
		return "", 1 + strings.Count(text[:i], "\n")
	}
	return text, 0
}

// separator returns what stands behind the first field: the list separator of the country, or a tab.
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
