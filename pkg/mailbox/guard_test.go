package mailbox

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// TestEndlessAnswers reads endless responses of every kind from a fast server.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ to, begins, goes string }{
		"greeting word":    {"", "", "x"},
		"line":             {"UID SEARCH", "", "x"},
		"found":            {"UID SEARCH", "* SEARCH", " 12345"},
		"flags":            {"SELECT", "* FLAGS (", `\Seen `},
		"capabilities":     {"CAPABILITY", "* CAPABILITY", " IMAP4rev1"},
		"flags of one":     {"UID FETCH", "* 1 FETCH (UID 1 FLAGS (", `\Seen `},
		"blanks":           {"UID FETCH", "* 1 FETCH (", " "},
		"brackets":         {"UID FETCH", "* 1 FETCH (FLAGS ", "("},
		"quoted":           {"LIST", `* LIST () "/" "`, "x"},
		"responses":        {"UID SEARCH", "", "* 3 EXISTS\r\n"},
		"folders":          {"LIST", "", "* LIST () \"/\" x\r\n"},
		"odd folders":      {"LIST", "", "* LIST () \"/\" \"a\tb\"\r\n"},
		"name as literal":  {"LIST", "* LIST () \"/\" {9000000000}\r\n", "x"},
		"literal in found": {"UID SEARCH", "* SEARCH {9000000000}\r\n", "x"},
		"no line at all":   {"SELECT", "", "\r"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Bool
			hello := greeting
			switch c.to {
			case "CAPABILITY":
				hello = "* OK hello"
			case "":
				hello = strings.Repeat("x", 3<<20)
			}
			f := newFake(t, hello, func(command string) string {
				if c.to != "" && strings.HasPrefix(command, c.to) {
					if c.begins != "" && !asked.Swap(true) {
						return "endless" + c.begins + strings.Repeat(c.goes, 1000)
					}
					return "endless" + c.goes
				}
				return ""
			})
			before := used()
			begun := time.Now()
			o := options(f.addr)
			o.answer = 4 << 20
			m, err := Open(t.Context(), o, false)
			if err == nil {
				defer m.Close()
				m.redials = maxRedials - 1
				if _, err = m.List(t.Context()); err == nil && c.to == "LIST" {
					_, err = m.Folder(t.Context(), AutoSent)
				}
			}
			if err == nil && c.to != "LIST" || fault.ExtentOf(err) == fault.One && err != nil {
				t.Errorf("%v", err)
			}
			if took, more := time.Since(begun), used()-before; took > 5*time.Minute || more > 300<<20 {
				t.Errorf("%v and %d MB", took, more>>20)
			}
		})
	}
}

func used() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMessagesPassTheGuard checks that messages pass unchanged, whatever they contain.
func TestMessagesPassTheGuard(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("* BYE {99999999}\r\n* LIST () \"/\" \"a\tb\"\r\n", 5000)
	f := newFake(t, greeting, func(command string) string {
		switch {
		case strings.Contains(command, "BODY"):
			return bodyOf(1, text)
		case strings.HasPrefix(command, "UID FETCH"):
			return listing(1, goodItems)
		case strings.HasPrefix(command, "UID SEARCH"):
			return "* SEARCH 1\r\n"
		}
		return ""
	})
	m := open(t, options(f.addr), false)
	err := m.Fetch(t.Context(), list(t, m), 0, func(_ desk.Listing, body *spool.Body, err error) error {
		if err != nil {
			return err
		}
		defer body.Close()
		if got, err := body.Bytes(); err != nil || string(got) != text {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTheReasonOfAGoodBye checks that the text of a BYE is reported whenever the BYE comes.
func TestTheReasonOfAGoodBye(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"LOGIN", "SELECT", "UID SEARCH", "UID FETCH"} {
		f := newFake(t, greeting, func(command string) string {
			if strings.HasPrefix(command, at) {
				return "-* BYE [UNAVAILABLE] Down for \x1b[31mmaintenance\r\n"
			}
			return ""
		})
		m, err := Open(t.Context(), options(f.addr), false)
		if err == nil {
			_, err = m.List(t.Context())
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "maintenance") || strings.Contains(err.Error(), "\x1b") ||
			fault.ExtentOf(err) != fault.Server {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

// A BYE is recognized however it is written, at the greeting and where the connection is to be encrypted, too.
func TestGoodByesOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, bye := range []string{"* BYE Going down for maintenance", "* bye maintenance",
		"* Bye [UNAVAILABLE] maintenance",
		"* BYE Сервер на обслуживании (maintenance)", "* BYE \xd1\xe5\xf0\xe2\xe5\xf0 maintenance"} {
		for _, at := range []string{"", "STARTTLS", "LOGIN", "SELECT", "UID FETCH"} {
			for _, encryption := range []string{"none", "starttls"} {
				if (at == "STARTTLS") != (encryption == "starttls") && at != "" {
					continue
				}
				hello := greeting
				if at == "" {
					hello = bye
				}
				f := newFake(t, hello, func(command string) string {
					if at != "" && strings.HasPrefix(command, at) {
						return "-" + bye + "\r\n"
					}
					return ""
				})
				o := options(f.addr)
				o.TLS = encryption
				m, err := Open(t.Context(), o, false)
				if err == nil {
					_, err = m.List(t.Context())
					m.Close()
				}
				if err == nil || !strings.Contains(err.Error(), "maintenance") || fault.ExtentOf(err) != fault.Server {
					t.Errorf("%q at %q, %s: %v", bye, at, encryption, err)
				}
			}
		}
	}
}

// oddFolders are LIST responses on which go-imap ends the connection.
var oddFolders = []string{
	"* LIST () \"/\" \"&\xc3\x28-\"\r\n", `* LIST () "/" "&AGE-"` + "\r\n", `* LIST () "/" "&BB8EQA"` + "\r\n",
	`* LIST () "/" "a&b"` + "\r\n",
	"* LIST () \"/\" \"a\tb\"\r\n", "* LIST () \"/\" a\tb\r\n", "* LIST () \"/\" \"\xff\xfe\"\r\n",
	`* LIST () "/" "&2D0-"` + "\r\n", `* LIST () "/" "&BB8-&BEA-"` + "\r\n",
	`* LIST (\Has]Children) "/" x` + "\r\n", `* LIST () "/" Sent Items` + "\r\n", `* LIST () "//" x` + "\r\n",
	"* LIST () \"/\" {5}\r\na&b-c\r\n",
	"* LIST () \"/\" {3}\r\na\tb\r\n", `* LIST "/" x` + "\r\n", "* LIST () \"/\" \"\"\r\n", "* LIST\r\n",
	`* LIST () "/" "x" (oops` + "\r\n",
	`* LIST () "/" "&-&-&"` + "\r\n", "* LIST () \"/\" \"&B\rB8-\"\r\n",
}

// findsSent checks that the folder of sent mail is found among odd folders.
func findsSent(t *testing.T, odd string) {
	t.Helper()
	f := newFake(t, "* OK [CAPABILITY IMAP4rev1 SPECIAL-USE LIST-EXTENDED] hello", func(command string) string {
		if strings.HasPrefix(command, "LIST") {
			return odd + "* LIST (\\HasNoChildren \\Sent) \"/\" \"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-\"\r\n" + odd
		}
		return ""
	})
	m, err := Open(t.Context(), options(f.addr), false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Folder(t.Context(), AutoSent)
	if err != nil || !strings.HasPrefix(got, "\u041e\u0442\u043f") {
		t.Errorf("among %q: %q, %v", odd, got, err)
	}
}

func TestOddFoldersAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, odd := range oddFolders {
		findsSent(t, odd)
	}
	findsSent(t, strings.Join(oddFolders, ""))
	for _, good := range []string{`* LIST (\Sent) "/" Posted`, `* LIST () NIL INBOX`,
		`* LIST (\HasNoChildren) "." "Kas\"se"`, `* list (\Marked \NoInferiors) "\\" Kk]`,
		`* LIST () "/" "" ("CHILDINFO" ("SUBSCRIBED"))`, `* LIST () "/" "[Gmail]/&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"`} {
		if !readableList([]byte(good+"\r\n")) && !strings.Contains(good, `""`) {
			t.Errorf("left out: %s", good)
		}
	}
	for name, ok := range map[string]bool{"INBOX": true, "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-": true, "R&-D": true,
		"Отправленные": true, "&2D3eAA-": true,
		"&-&-": true, "a&-&BB8-": true, "&": false, "&2D0-": false, "&3gDYPQ-": false, "": false, "a\x7f": false} {
		if readableName(name) != ok {
			t.Errorf("%q: %v", name, !ok)
		}
	}
}

func FuzzFolderNames(f *testing.F) {
	for _, odd := range oddFolders {
		f.Add(odd)
	}
	f.Add("* LIST () \"\xaf\" x\r\n")
	f.Add("* LIST (\\Noselect) NIL \"[Gmail]\"\r\n")
	f.Add("* LIST () \".\" R&-D (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n")
	f.Fuzz(func(t *testing.T, odd string) {
		if !readableList([]byte(odd)) || strings.Count(odd, "\n") > 1 && !strings.Contains(odd, "}") {
			return
		}
		findsSent(t, odd)
	})
}

// sized is a connection that sends a message of many bytes.
type sized struct {
	net.Conn
	r io.Reader
}

func (s *sized) Read(p []byte) (int, error) { return s.r.Read(p) }

// A message passes the guard without being copied: what is around it is all that the guard keeps.
func TestMessageIsNotKept(t *testing.T) {
	const size = 8 << 20
	head, tail := fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n", size), ")\r\n"
	whole := head + strings.Repeat("abcdefg\n", size/8) + tail
	for _, piece := range []int{1 << 10, 32 << 10} {
		g := &guard{Conn: &sized{r: strings.NewReader(whole)}, most: maxAnswer, fail: func(err error) error { return err }}
		p, at := make([]byte, piece), 0
		before := allocated()
		for {
			n, err := g.Read(p)
			if string(p[:n]) != whole[at:at+n] {
				t.Fatalf("other bytes at %d", at)
			}
			if at += n; err != nil {
				break
			}
		}
		if got := allocated() - before; at != len(whole) || got > 64<<10 {
			t.Errorf("by %d: %d bytes of %d, %d allocated", piece, at, len(whole), got)
		}
	}
}

// allocated returns the bytes allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
