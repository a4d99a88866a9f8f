package cmd

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// readNames reads a table of addresses and names; a first line without an address is its head.
func readNames(r io.Reader, file string) (map[string]string, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	text, line := decodeTable(string(raw))
	if line > 0 {
		return nil, fmt.Errorf("%s:%d: is neither UTF-8 nor Windows-1251: save it as CSV UTF-8", file, line)
	}
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord, c.LazyQuotes, c.TrimLeadingSpace, c.Comma = -1, true, true, separator(text)
	names := map[string]string{}
	var errs []error
	for first := true; ; first = false {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return names, errors.Join(errs...)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		switch {
		case len(row) == 1 && strings.TrimSpace(row[0]) == "":
		case len(row) >= 2 && strings.Contains(row[0], "@") && strings.TrimSpace(row[1]) != "":
			names[strings.TrimSpace(row[0])] = strings.Join(strings.Fields(row[1]), " ")
		case !first:
			line, _ := c.FieldPos(0)
			errs = append(errs, fmt.Errorf("%s:%d: an address and a name are wanted", file, line))
		}
	}
}

// decodeTable returns the text of a table as Excel writes them: UTF-8, UTF-16 with a mark, else the code page of a Russian
// Windows; or the first line that is none of these.
func decodeTable(raw string) (text string, line int) {
	text, marked := strings.CutPrefix(raw, "\ufeff")
	odd := "\x00\ufffd"
	switch {
	case strings.HasPrefix(raw, "\xff\xfe"), strings.HasPrefix(raw, "\xfe\xff"):
		text, _ = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().String(raw) // puts U+FFFD for what it can't read
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
