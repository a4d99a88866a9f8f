package eml

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
)

// TestBase64Pieces checks that the result does not depend on the pieces in which the text is read, or on foreign
// characters in it.
func TestBase64Pieces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := range 200 {
		want := make([]byte, size*41)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		text := base64.StdEncoding.EncodeToString(want)
		var broken strings.Builder
		for i, c := range []byte(text) {
			if r.IntN(19) == 0 || i%76 == 0 {
				broken.WriteString([]string{"\r\n", "\n", " ", "-", "\x00", "\xff"}[r.IntN(6)])
			}
			broken.WriteByte(c)
		}
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(text),
			"broken": strings.NewReader(broken.String()),
			"halves": iotest.HalfReader(strings.NewReader(broken.String())),
			"bytes":  iotest.OneByteReader(strings.NewReader(broken.String()))} {
			got, err := io.ReadAll(new(buffers).decode(src, "base64"))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, %s: %d bytes, %v", len(want), name, len(got), err)
			}
		}
	}
}

// pieces counts writes and bytes.
type pieces struct{ writes, bytes int }

func (p *pieces) Write(b []byte) (int, error) {
	p.writes, p.bytes = p.writes+1, p.bytes+len(b)
	return len(b), nil
}

// TestExtractPieces checks that a file is not written line by line, since each line would be a packet on a network.
func TestExtractPieces(t *testing.T) {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	raw := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 10_000) + "--b--\r\n"
	var got pieces
	if err := Extract(strings.NewReader(raw), 0, &got); err != nil {
		t.Fatal(err)
	}
	if got.bytes != 570_000 || got.writes > 30 {
		t.Errorf("%d bytes in %d writes", got.bytes, got.writes)
	}
}

// TestExtractStops checks that the parts after the wanted one are not read: of a letter with many files each would be
// read as often as there are files before it.
func TestExtractStops(t *testing.T) {
	raw := head1 + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: "+
		"application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"+strings.Repeat("QUJD", 50_000)+"\r\n", 5) +
		"--b--"
	for part := range 5 {
		src, most := strings.NewReader(raw), (part+1)*len(raw)/5+2*lineSize
		var got pieces
		if err := Extract(src, part, &got); err != nil || got.bytes != 150_000 || len(raw)-src.Len() > most {
			t.Errorf("part %d: %d bytes of it, %d read, at most %d; %v", part, got.bytes, len(raw)-src.Len(), most, err)
		}
	}
}

// TestUnwantedFiles checks that Extract counts the files before the wanted one without decoding them.
func TestUnwantedFiles(t *testing.T) {
	raw := head1 + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: "+
		"application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n", 5) + "--b--"
	buf := spare.New().(*buffers)
	buf.br.Reset(strings.NewReader(raw))
	w := &walker{buf: buf, src: newSource(buf.br, buf.head), hash: sha256.New(), want: 9, out: io.Discard}
	h := w.src.header(true)
	w.entity(&h, place{})
	if w.next != 5 || buf.b64.buf != nil {
		t.Errorf("%d files, the decoder has a buffer of %d bytes", w.next, cap(buf.b64.buf))
	}
}

// TestLinesTogether checks that the lines of a part are taken by the buffer, and one by one only near a boundary.
func TestLinesTogether(t *testing.T) {
	raw := strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 10_000) + "--b--\r\n"
	s := newBytes([]byte(raw))
	s.open = []string{"b"}
	fills, size := 0, 0
	for b := (&body{s: s}); !b.done; fills++ {
		b.out, b.next = nil, nil // as if read
		b.fill()
		size += len(b.out) + len(b.next)
	}
	if most := 2*len(raw)/lineSize + 4; size != len(raw)-len("\r\n--b--\r\n") || fills > most {
		t.Errorf("%d bytes in %d pieces, at most %d", size, fills, most)
	}
}

// Base64 text is decoded with too much padding, too little or none, in single-byte charsets too, and with lines of any
// length.
func TestBase64Padding(t *testing.T) {
	for _, text := range []string{"Касса не печатает чек N7", "Касса не печатает", "Касса", "касса.", "чек 12",
		"ok 1"} {
		for _, c := range []*charmap.Charmap{nil, charmap.Windows1251, charmap.KOI8R} {
			want := []byte(strings.Repeat(text+"\n", 4))
			if c != nil {
				want = encode(t, c, string(want))
			}
			code := strings.TrimRight(base64.StdEncoding.EncodeToString(want), "=")
			for _, end := range []string{"", "=", "==", "===", "====", "\r\n", "=\r\n\r\n", "==\r\n=="} {
				for _, width := range []int{1000, 76, 72, 66, 61} {
					var lines strings.Builder
					for rest := code; rest != ""; {
						n := min(len(rest), width)
						lines.WriteString(rest[:n])
						if rest = rest[n:]; rest != "" {
							lines.WriteString("\r\n")
						}
					}
					b := takeBuffers(nil)
					got, err := io.ReadAll(b.decodeText(strings.NewReader(lines.String()+end), "base64"))
					if err != nil || !bytes.Equal(bytes.TrimRight(got, "\n"), bytes.TrimRight(want, "\n")) ||
						b.mixed.lacking {
						t.Errorf("%q by %d, %q: %q, lacking %v, %v", text, width, end, got, b.mixed.lacking, err)
					}
				}
			}
		}
	}
}
