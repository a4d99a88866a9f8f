package eml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// repeated returns a reader of head, n times line, and tail. It does not keep them in memory.
func repeated(head, line string, n int, tail string) io.Reader {
	return io.MultiReader(strings.NewReader(head), &repeater{line: line, n: n}, strings.NewReader(tail))
}

type repeater struct {
	line string
	n    int
	rest string
}

func (r *repeater) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.line
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func nested(levels int) string {
	var b strings.Builder
	b.WriteString(head1)
	for i := range levels {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return b.String() + "\r\nTEXT\r\n"
}

// heavy are letters that could be expensive.
var heavy = []struct {
	name string
	open func() io.Reader
}{
	{"nested parts 200", func() io.Reader { return strings.NewReader(nested(200)) }},
	{"header 100 kB", func() io.Reader {
		return repeated(head1, "X-Field: "+strings.Repeat("я", 500)+"\r\n", 100, "\r\nTEXT")
	}},
	{"recipients 5000", func() io.Reader {
		return repeated(head1+"To: a@b.ru", ",\r\n =?utf-8?B?0JjQstCw0L0=?= <someone@example.ru>", 5000, "\r\n\r\nTEXT")
	}},
	{"open brackets", func() io.Reader { return repeated(head1+"To: ", "<,", 500000, "\r\n\r\nTEXT") }},
	{"open words", func() io.Reader { return repeated(head1+"To: ", "=?a?q?", 170000, "\r\n\r\nTEXT") }},
	{"words", func() io.Reader { return repeated(head1+"Subject: ", "=?a?q?=?= ", 100000, "\r\n\r\nTEXT") }},
	{"parameters", func() io.Reader {
		return repeated(head1+"Content-Type: text/plain; ", "a*0=\"x\\\";b;", 80000, "\r\n\r\nTEXT")
	}},
	{"commas", func() io.Reader { return repeated(head1+"From: ", "(a\"b,", 160000, "\r\n\r\nTEXT") }},
	{"links 20000", func() io.Reader {
		return repeated(head1+"Content-Type: text/html\r\n\r\n", "<a href=\"https://example.ru/x\">link</a>\r\n",
			20000, "")
	}},
	{"picture 50 MB in HTML", func() io.Reader {
		return repeated(head1+"Content-Type: text/html\r\n\r\n<img src=\"data:image/png;base64,",
			strings.Repeat("iVBO", 19)+"\r\n", 50<<20/57, "\">")
	}},
	{"pictures 20000 in HTML", func() io.Reader {
		return repeated(head1+"Content-Type: text/html\r\n\r\n", "<img src=\"data:image/png;base64,iVBO\">\r\n", 20000,
			"")
	}},
	{"parts 5000", func() io.Reader {
		return repeated(head1+"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
			"--b\r\nContent-Type: application/pdf\r\n\r\nABC\r\n", 5000, "--b--\r\n")
	}},
	{"attachment 50 MB", func() io.Reader {
		line := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 57))) + "\r\n"
		return repeated(head1+"Content-Type: multipart/mixed; "+
			"boundary=b\r\n\r\n--b\r\n\r\nTEXT\r\n--b\r\nContent-Type: application/zip; "+
			"name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n",
			line, 50<<20/57, "\r\n--b--\r\n")
	}},
	{"text 50 MB", func() io.Reader {
		return repeated(head1+"\r\n", strings.Repeat("слово ", 12)+"\r\n", 50<<20/134, "")
	}},
	{"texts 300 of 200 kB", func() io.Reader {
		return repeated(head1+"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
			"--b\r\n\r\n"+strings.Repeat("word \r\n", 30000), 300, "")
	}},
	{"one line of 20 MB", func() io.Reader { return repeated(head1+"\r\n", "0123456789", 2<<20, "") }},
	{"winmail.dat 20 MB", func() io.Reader {
		line := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 57))) + "\r\n"
		start := base64.StdEncoding.EncodeToString(tnefStream(tnefAttr(2, attRendData, nil))[:12])
		return repeated(head1+"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n"+start+
			"\r\n", line, 20<<20/57, "")
	}},
}

func BenchmarkParse(b *testing.B) {
	for _, h := range heavy {
		b.Run(h.name, func(b *testing.B) {
			b.ReportAllocs()
			var peak uint64
			for b.Loop() {
				p, _ := peakOf(func() {
					if _, err := Parse(h.open(), desk.Listing{}); err != nil {
						b.Fatal(err)
					}
				})
				peak = max(peak, p)
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// peakOf runs f and returns its peak of additional heap and its duration.
func peakOf(f func()) (peak uint64, took time.Duration) {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	start := time.Now()
	f()
	took = time.Since(start)
	close(stop)
	most := <-done
	return most - min(most, before.HeapInuse), took
}

// TestHeavy checks the limits: 64 MiB plus twice the largest part in memory, and a time far above that of ordinary
// letters. It reads each heavy letter, and extracts its last attachment.
func TestHeavy(t *testing.T) {
	if testing.Short() {
		t.Skip("reads heavy letters")
	}
	for _, h := range heavy {
		var m desk.Message
		within(t, h.name, func() (err error) {
			m, err = Parse(h.open(), desk.Listing{})
			return err
		})
		if len(m.Attachments) == 0 {
			continue
		}
		a := m.Attachments[len(m.Attachments)-1]
		var out counted
		within(t, h.name+", "+a.Name, func() error { return Extract(h.open(), a.Part, &out) })
		if int64(out) != a.Size {
			t.Errorf("%s: %d of %d bytes", h.name, out, a.Size)
		}
	}
}

// within runs f, which must need at most 64 MiB and a minute.
func within(t *testing.T, name string, f func() error) {
	t.Helper()
	var err error
	peak, took := peakOf(func() { err = f() })
	t.Logf("%-22s %6.1f MiB %v", name, float64(peak)/(1<<20), took.Round(time.Millisecond))
	if peak > 64<<20 || took > time.Minute || err != nil {
		t.Errorf("%s: %d MiB, %v, %v", name, peak>>20, took, err)
	}
}

// counted counts the bytes written to it.
type counted int64

func (c *counted) Write(b []byte) (int, error) {
	*c += counted(len(b))
	return len(b), nil
}

// BenchmarkFile measures the stages of a letter with a file of 5 MB, each by the bytes of the letter.
func BenchmarkFile(b *testing.B) {
	raw := withFile(5_000_000)
	for name, run := range map[string]func() error{
		"parse": func() error {
			_, err := Parse(bytes.NewReader(raw), desk.Listing{})
			return err
		},
		"extract": func() error { return Extract(bytes.NewReader(raw), 1, io.Discard) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// withFile returns a letter with a text and a file of random bytes.
func withFile(size int) []byte {
	content := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	code := base64.StdEncoding.EncodeToString(content)
	var b bytes.Buffer
	b.WriteString(head1 + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nTEXT\r\n--b\r\n" +
		"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for ; code != ""; code = code[min(len(code), 76):] {
		b.WriteString(code[:min(len(code), 76)] + "\r\n")
	}
	b.WriteString("--b--\r\n")
	return b.Bytes()
}
