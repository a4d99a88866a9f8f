package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/relay"
)

var update = flag.Bool("update", false, "write the golden files anew")

func allSamples(t *testing.T) []sample {
	t.Helper()
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestGolden compares every letter with a golden file: the raw header fields, the decoded texts, and the size and
// checksum of each picture and file.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range allSamples(t) {
		header, body, ok := bytes.Cut(s.Raw, []byte("\r\n\r\n"))
		if !ok {
			t.Fatalf("%s: no header", s.Name)
		}
		var b strings.Builder
		shown(t, &b, header, body)
		checkBytes(t, s.Name, s.Raw)
		golden(t, s.Name+".txt", b.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// shown writes a letter, or a part of one, in readable form.
func shown(t *testing.T, b *strings.Builder, header, body []byte) {
	t.Helper()
	b.WriteString(strings.ReplaceAll(string(header), "\r\n", "\n") + "\n\n")
	h, err := textproto.NewReader(newBuf(append(bytes.Clone(header), "\r\n\r\n"...))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		content := decoded(t, h.Get("Content-Transfer-Encoding"), body)
		if !strings.HasPrefix(media, "text/") {
			content = fmt.Sprintf("(%d bytes, %x)", len(content), sha256.Sum256([]byte(content)))
		}
		b.WriteString(strings.TrimRight(content, "\n") + "\n\n")
		return
	}
	parts := bytes.Split(append([]byte("\r\n"), body...), []byte("\r\n--"+params["boundary"]))
	if len(parts) < 3 || !bytes.HasPrefix(parts[len(parts)-1], []byte("--")) {
		t.Fatalf("%d parts between %s", len(parts), params["boundary"])
	}
	for _, part := range parts[1 : len(parts)-1] {
		header, body, _ := bytes.Cut(bytes.TrimPrefix(part, []byte("\r\n")), []byte("\r\n\r\n"))
		b.WriteString("--" + params["boundary"] + "\n")
		shown(t, b, header, body)
	}
}

func decoded(t *testing.T, encoding string, body []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	default:
		t.Fatalf("encoding %q", encoding)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// checkBytes fails unless the letter is safe for every transport: 7 bits, CRLF, no line over 998, and headers folded to
// at most 78 if they contain a blank.
func checkBytes(t *testing.T, name string, raw []byte) {
	t.Helper()
	header := true
	for i, line := range bytes.Split(raw, []byte("\r\n")) {
		header = header && len(line) > 0
		switch {
		case len(line) > 998, bytes.ContainsAny(line, "\r\n\x00"):
			t.Errorf("%s: line %d has %d bytes: %.80q", name, i, len(line), line)
		case header && len(line) > 78 && bytes.Count(line, []byte(" ")) > 1:
			t.Errorf("%s: header line %d is not folded: %q", name, i, line)
		}
		for _, c := range line {
			if c >= 0x80 || c < ' ' && c != '\t' {
				t.Fatalf("%s: line %d is not plain ASCII: %q", name, i, line)
			}
		}
	}
}

// TestNamesInEveryScript sends letters with names and domains beyond ASCII.
func TestNamesInEveryScript(t *testing.T) {
	t.Parallel()
	base := allSamples(t)[3].Letter
	for name, addr := range map[string]string{
		"Служба поддержки ООО «Ромашка»": "support@почта.рф", "株式会社サポート": "support@例え.テスト",
		"دعم العملاء":  "support@مثال.إختبار",
		"שירות לקוחות": "support@example.co.il", "Ελληνική Υποστήριξη": "support@παράδειγμα.δοκιμή",
		"ग्राहक सेवा":               "support@उदाहरण.परीक्षा",
		"Müller & Söhne GmbH, Köln": "support@müller.de", "고객 지원": "support@실례.테스트", "👩‍💻 Help": "support@example.org",
		strings.Repeat("Служба поддержки ", 30): "support@example.ru", `O"Neil \ Sons`: "o'neil@example.org",
	} {
		l := base
		l.From, l.To = desk.Address{Name: name, Addr: addr}, desk.Address{Name: name, Addr: addr}
		raw, err := relay.Compose(l)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkBytes(t, name, raw)
		h, err := textproto.NewReader(newBuf(raw)).ReadMIMEHeader()
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"From", "To"} {
			checkAddress(t, field, h[field], desk.Address{Name: name, Addr: addr})
		}
	}
}

// checkAddress fails unless a field contains exactly this address, with its domain in ASCII and its displayed name.
func checkAddress(t *testing.T, field string, values []string, want desk.Address) {
	t.Helper()
	if len(values) != 1 {
		t.Fatalf("%s: %q", field, values)
	}
	got, err := netmail.ParseAddress(values[0])
	if err != nil {
		t.Fatalf("%s: %q: %v", field, values[0], err)
	}
	if local, _, _ := strings.Cut(want.Addr, "@"); got.Address != local+"@"+desk.FoldDomain(want.Domain()) {
		t.Errorf("%s: address %q", field, got.Address)
	}
	shown := strings.TrimSuffix(got.Name, "…")
	if !strings.HasPrefix(want.Name, shown) || len([]rune(shown)) < min(90, len([]rune(want.Name))) {
		t.Errorf("%s: name %q of %q", field, got.Name, want.Name)
	}
}

func newBuf(raw []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(raw)) }
