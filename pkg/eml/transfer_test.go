package eml

import (
	"bytes"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBase64Pieces holds that what comes out does not depend on the pieces the text comes in, nor on what stands
// between its letters.
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
		for name, src := range map[string]io.Reader{"whole": strings.NewReader(text), "broken": strings.NewReader(broken.String()),
			"halves": iotest.HalfReader(strings.NewReader(broken.String())), "bytes": iotest.OneByteReader(strings.NewReader(broken.String()))} {
			got, err := io.ReadAll(new(buffers).decode(src, "base64"))
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, %s: %d bytes, %v", len(want), name, len(got), err)
			}
		}
	}
}

// pieces counts how many writes bring how much.
type pieces struct{ writes, bytes int }

func (p *pieces) Write(b []byte) (int, error) {
	p.writes, p.bytes = p.writes+1, p.bytes+len(b)
	return len(b), nil
}

// TestExtractPieces holds that a file does not come out line by line: over a network each would be a packet.
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
