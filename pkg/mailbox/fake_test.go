package mailbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// fakeServer sends what a good server never sends. answer gets a command without its tag and returns everything to be
// sent before the tagged OK. If the answer begins with a dash, the rest of it is sent and the connection ends. An
// answer that begins with NO or BAD is the tagged answer; "stall" means silence for ever, "drip" slow sending.
type fakeServer struct {
	addr     string
	greeting string
	answer   func(command string) string
	dials    atomic.Int32
}

// drip is the pause between the pieces of an answer that is sent slowly.
const drip = time.Second

func newFake(t *testing.T, greeting string, answer func(command string) string) *fakeServer {
	t.Helper()
	l := listen(t)
	f := &fakeServer{addr: l.Addr().String(), greeting: greeting, answer: answer}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.dials.Add(1)
			go f.serve(c)
		}
	}()
	return f
}

func (f *fakeServer) serve(c net.Conn) {
	defer c.Close()
	fmt.Fprintf(c, "%s\r\n", f.greeting)
	for in := bufio.NewScanner(c); in.Scan(); {
		tag, command, _ := strings.Cut(in.Text(), " ")
		answer := f.reply(command)
		switch {
		case answer == "stall":
			continue
		case strings.HasPrefix(answer, "drip"):
			for _, piece := range strings.SplitAfter(answer[4:], "2") {
				time.Sleep(drip)
				io.WriteString(c, piece)
			}
			time.Sleep(drip)
			fmt.Fprintf(c, "%s OK done\r\n", tag)
		case strings.HasPrefix(answer, "endless"): // repeat the rest without an end
			for {
				if _, err := io.WriteString(c, strings.Repeat(answer[7:], 1000)); err != nil {
					return
				}
			}
		case strings.HasPrefix(answer, "-"):
			io.WriteString(c, answer[1:])
			return
		case strings.HasPrefix(answer, "NO"), strings.HasPrefix(answer, "BAD"), strings.HasPrefix(answer, "+"):
			if answer[0] != '+' {
				answer = tag + " " + answer
			}
			fmt.Fprintf(c, "%s\r\n", answer)
		default:
			fmt.Fprintf(c, "%s%s OK done\r\n", answer, tag)
		}
	}
}

func (f *fakeServer) reply(command string) string {
	if f.answer != nil {
		if a := f.answer(command); a != "" {
			return a
		}
	}
	switch name, _, _ := strings.Cut(command, " "); name {
	case "CAPABILITY":
		return "* CAPABILITY IMAP4rev1\r\n"
	case "SELECT", "EXAMINE":
		return "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
	}
	if strings.HasPrefix(command, "UID SEARCH") {
		return "* SEARCH 1 2 3\r\n"
	}
	return ""
}

const greeting = "* OK [CAPABILITY IMAP4rev1 SASL-IR] hello"

// listing returns the answer to a FETCH of flags, date and size.
func listing(uid int, more string) string {
	return fmt.Sprintf("* %d FETCH (UID %d %s)\r\n", uid, uid, more)
}

const goodItems = `FLAGS () INTERNALDATE "12-Mar-2026 10:00:00 +0000" RFC822.SIZE 5`

func bodyOf(uid int, text string) string {
	return fmt.Sprintf("* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", uid, uid, len(text), text)
}

func asks(command string, uid int) bool {
	set := strings.Fields(command)[2]
	for _, r := range strings.Split(set, ",") {
		from, to := uid, uid
		if n, _ := fmt.Sscanf(r, "%d:%d", &from, &to); n == 1 {
			to = from
		}
		if from <= uid && uid <= to {
			return true
		}
	}
	return false
}

func TestOneMessageThatBreaksTheConnectionIsFound(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		if !strings.HasPrefix(c, "UID FETCH") {
			return ""
		}
		out := ""
		for uid := 1; uid <= 3; uid++ {
			switch body := strings.Contains(c, "BODY"); {
			case !asks(c, uid):
			case body && uid == 2:
				return "-" + out + "* 2 FETCH (UID 2 BODY[] {500}\r\nhalf"
			case body:
				out += bodyOf(uid, "hello")
			default:
				out += listing(uid, goodItems)
			}
		}
		return out
	})
	m := open(t, options(f.addr), true)
	got := fetchAll(t, m, list(t, m), 0)
	if len(got) != 3 || got[0].body != "hello" || got[2].body != "hello" || got[1].err == nil {
		t.Fatalf("got %v", got)
	}
	if fault.Of(got[1].err) != fault.Refused || !strings.Contains(got[1].err.Error(), "fetch 2") {
		t.Errorf("got %v", got[1].err)
	}
}

// TestNothingIsNoMessage checks that an empty body counts as the server's failure if the message has a size.
func TestNothingIsNoMessage(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		out := ""
		for uid := 1; uid <= 3; uid++ {
			switch {
			case !strings.HasPrefix(c, "UID FETCH") || !asks(c, uid):
			case strings.Contains(c, "BODY"):
				out += bodyOf(uid, map[int]string{1: "hello"}[uid])
			case uid == 3:
				out += listing(uid, strings.Replace(goodItems, "SIZE 5", "SIZE 0", 1))
			default:
				out += listing(uid, goodItems)
			}
		}
		return out
	})
	m := open(t, options(f.addr), true)
	got := fetchAll(t, m, list(t, m), 0)
	if len(got) != 3 || got[0].body != "hello" || got[2].err != nil || got[1].err == nil {
		t.Fatalf("got %v", got)
	}
	if err := got[1].err; fault.Of(err) != fault.Refused || errors.Is(err, ErrGone) ||
		!strings.Contains(err.Error(), "0 bytes of 5") {
		t.Errorf("got %v", err)
	}
}

func TestOneListingThatBreaksTheConnectionIsTakenWithout(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`FLAGS () INTERNALDATE NIL RFC822.SIZE 5`,
		`FLAGS () INTERNALDATE "12-Mar-2026 10:00:00 +0000" RFC822.SIZE -1`} {
		f := newFake(t, greeting, func(c string) string {
			if strings.HasPrefix(c, "UID SEARCH") {
				return "* SEARCH 1 2 3 4 5 6 7 8 9\r\n"
			}
			if !strings.HasPrefix(c, "UID FETCH") {
				return ""
			}
			out := ""
			for uid := 1; uid <= 9; uid++ {
				if asks(c, uid) && uid == 6 {
					out += listing(uid, bad)
				} else if asks(c, uid) {
					out += listing(uid, goodItems)
				}
			}
			return out
		})
		before := time.Now()
		m := open(t, options(f.addr), true)
		ls := list(t, m)
		if diff := cmp.Diff([]uint32{1, 2, 3, 4, 5, 6, 7, 8, 9}, uidsOf(ls)); diff != "" {
			t.Fatal(diff)
		}
		// What arrived before the fault is used. A message without a date counts as just arrived, never as too old to
		// read.
		if at := ls[5].Received; (at.Before(before) && !at.Equal(day)) || ls[5].Size != 0 || ls[4].Size != 5 {
			t.Errorf("got %v", ls)
		}
	}
}

func TestFlagsThatComeFirstHideNothing(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	f := newFake(t, greeting, func(c string) string {
		if !strings.HasPrefix(c, "UID FETCH") {
			return ""
		}
		kind, out := "list", ""
		if strings.Contains(c, "BODY") {
			kind = "body"
		}
		asked[kind]++
		for uid := 1; uid <= 3; uid++ {
			switch {
			case !asks(c, uid):
			case uid == 2 && asked[kind] == 1:
				out += listing(2, `FLAGS (\Flagged)`)
			case kind == "body":
				out += bodyOf(uid, "hello")
			default:
				out += listing(uid, goodItems)
			}
		}
		return out
	})
	m := open(t, options(f.addr), true)
	for _, d := range fetchAll(t, m, list(t, m), 0) {
		if d.err != nil || d.body != "hello" {
			t.Errorf("got %v", d)
		}
	}
	if diff := cmp.Diff(map[string]int{"list": 2, "body": 2}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestSearchRefusedMeansFlagsAreRead(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		switch {
		case strings.HasPrefix(c, "UID SEARCH"):
			return "NO UID SEARCH Backend error"
		case strings.HasPrefix(c, "UID FETCH 1:* (UID FLAGS)"):
			return listing(1, `FLAGS (\Seen)`) + listing(2, `FLAGS ()`)
		case strings.HasPrefix(c, "UID FETCH 2 "):
			return listing(2, goodItems)
		}
		return ""
	})
	m := open(t, options(f.addr), true)
	if diff := cmp.Diff([]uint32{2}, uidsOf(list(t, m))); diff != "" {
		t.Error(diff)
	}
}

func TestFetchRefusedForOne(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		if !strings.HasPrefix(c, "UID FETCH") {
			return ""
		}
		out := ""
		for uid := 1; uid <= 3; uid++ {
			switch body := strings.Contains(c, "BODY"); {
			case !asks(c, uid):
			case body && uid == 2:
				return "NO [SERVERBUG] cannot read it"
			case body:
				out += bodyOf(uid, "hello")
			default:
				out += listing(uid, goodItems)
			}
		}
		return out
	})
	m := open(t, options(f.addr), true)
	got := fetchAll(t, m, list(t, m), 0)
	if len(got) != 3 || got[0].err != nil || got[1].err == nil || got[2].err != nil || errors.Is(got[1].err, ErrGone) {
		t.Errorf("got %v", got)
	}
	if n := f.dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestSilenceEndsTheWait(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		if strings.HasPrefix(c, "UID SEARCH") {
			return "stall"
		}
		return ""
	})
	o := options(f.addr)
	o.Idle = 2 * time.Second
	m := open(t, o, true)
	time.Sleep(o.Idle + o.Idle/8) // silence between commands is allowed
	_, err := m.List(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no answer for 2s") || fault.ExtentOf(err) != fault.Server {
		t.Errorf("got %v", err)
	}
	if n := f.dials.Load(); n != 2 {
		t.Errorf("%d connections", n) // one repeat, on a new connection
	}
}

func TestTheEndOfTheContextEndsTheWait(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		if strings.HasPrefix(c, "UID SEARCH") {
			return "stall"
		}
		return ""
	})
	o := options(f.addr)
	o.Idle = time.Minute
	m := open(t, o, true)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := m.List(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAStalledBodyEndsTheWait(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		switch {
		case strings.Contains(c, "BODY"):
			return "* 1 FETCH (UID 1 BODY[] {500}\r\nhalf" // the tagged OK is read as a part of the literal
		case strings.HasPrefix(c, "UID FETCH"):
			return listing(1, goodItems)
		case strings.HasPrefix(c, "UID SEARCH"):
			return "* SEARCH 1\r\n"
		}
		return ""
	})
	o := options(f.addr)
	o.Idle = 2 * time.Second
	m := open(t, o, true)
	got := fetchAll(t, m, list(t, m), 0)
	if len(got) != 1 || got[0].err == nil || fault.Of(got[0].err) != fault.Refused {
		t.Errorf("got %v", got)
	}
}

func TestASlowBodyIsNoFault(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		switch {
		case strings.Contains(c, "BODY"):
			return "drip" + bodyOf(1, "0222256789")
		case strings.HasPrefix(c, "UID FETCH"):
			return listing(1, goodItems)
		case strings.HasPrefix(c, "UID SEARCH"):
			return "* SEARCH 1\r\n"
		}
		return ""
	})
	o := options(f.addr)
	o.Idle = 5 * drip / 2 // the answer takes longer
	m := open(t, o, true)
	got := fetchAll(t, m, list(t, m), 0)
	if len(got) != 1 || got[0].body != "0222256789" || f.dials.Load() != 1 {
		t.Errorf("got %v on %d connections", got, f.dials.Load())
	}
}

func TestAServerThatDropsEveryConnection(t *testing.T) {
	t.Parallel()
	f := newFake(t, greeting, func(c string) string {
		switch {
		case strings.Contains(c, "BODY"):
			return "-"
		case strings.HasPrefix(c, "UID SEARCH"):
			return "* SEARCH 1:30\r\n"
		}
		return ""
	})
	m := open(t, options(f.addr), true)
	var ls []desk.Listing
	for uid := uint32(1); uid <= 30; uid++ {
		ls = append(ls, desk.Listing{Place: desk.Place{UIDValidity: 7, UID: uid}, Size: 5})
	}
	told := 0
	err := m.Fetch(context.Background(), ls, 0, func(l desk.Listing, _ *spool.Body, err error) error {
		told++
		return nil
	})
	if fault.ExtentOf(err) != fault.Server || told >= 30 {
		t.Errorf("told of %d, then %v", told, err)
	}
	if n := f.dials.Load(); n > 10 {
		t.Errorf("%d connections", n)
	}
}
