package cmd

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/google/go-cmp/cmp"
)

// Excel writes "CSV UTF-8" with a byte order mark, "Unicode text" as UTF-16 with tabs, and plain "CSV" in the code page
// of the machine, in Russia Windows-1251 with semicolons.
func TestReadNamesInEveryEncoding(t *testing.T) {
	const name = "\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432\u0438\u0447 \u00ab\u0401\u00bb"
	utf16 := func(e unicode.Endianness, b unicode.BOMPolicy) encoding.Encoding { return unicode.UTF16(e, b) }
	for what, c := range map[string]struct {
		in  encoding.Encoding
		sep string
	}{
		"UTF-8":                {unicode.UTF8, ";"},
		"UTF-8 with a mark":    {unicode.UTF8BOM, ";"},
		"UTF-16, little first": {utf16(unicode.LittleEndian, unicode.UseBOM), "\t"},
		"UTF-16, big first":    {utf16(unicode.BigEndian, unicode.UseBOM), ","},
		"Windows-1251":         {charmap.Windows1251, ";"},
	} {
		text := "\u0410\u0434\u0440\u0435\u0441" + c.sep + "\u0418\u043c\u044f\r\nivan@b.example" + c.sep + name +
			"\r\n"
		raw, err := c.in.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readNames(strings.NewReader(raw), "names.csv")
		if diff := cmp.Diff(map[string]string{"ivan@b.example": name}, got.names); diff != "" || err != nil {
			t.Errorf("%s: %v %s", what, err, diff)
		}
	}
}

// A table in any other encoding is refused with the line, and not imported with wrong letters.
func TestReadNamesRefusesOtherEncodings(t *testing.T) {
	encode := func(e encoding.Encoding, s string) string {
		raw, err := e.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	const table = "address;name\nivan@b.example;\u0418\u0432\u0430\u043d " +
		"\u0421\u0435\u043c\u0451\u043d\u043e\u0432\u0438\u0447\n"
	for what, raw := range map[string]string{
		"MS-DOS":                encode(charmap.CodePage866, table),
		"UTF-16 without a mark": encode(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), table),
		"half of UTF-16":        encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), table)[:33],
		"a mark, then no UTF-8": "\xef\xbb\xbfaddress;name\nivan@b.example;\xc8\xe2\xe0\xed\n",
		"not in the code page":  "address;name\nivan@b.example;\xe0\x98\n",
	} {
		got, err := readNames(strings.NewReader(raw), "names.csv")
		if err == nil || !strings.Contains(err.Error(), "names.csv:") ||
			!strings.Contains(err.Error(), "save it as CSV UTF-8") {
			t.Errorf("%s: %q, %v", what, got.names, err)
		}
	}
}
