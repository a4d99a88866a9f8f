package relay

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/internal/servers"
)

// postfix is started once for all tests.
var postfix struct {
	once sync.Once
	s    *servers.Postfix
	err  error
	ca   []byte
}

func TestMain(m *testing.M) {
	status := m.Run()
	if postfix.s != nil {
		postfix.s.Stop()
	}
	os.Exit(status)
}

// postfixServer returns a Postfix for tests, or skips the test if Postfix is not installed.
func postfixServer(t *testing.T) *testServer {
	t.Helper()
	postfix.once.Do(func() {
		cert, ca := certificate(t)
		postfix.ca = ca
		postfix.s, postfix.err = servers.StartPostfix(cert, mainCF, map[string]string{"refuse": refuseCF})
	})
	servers.Want(t, postfix.err)
	return &testServer{name: "postfix", addr: postfix.s.Addr, ca: postfix.ca, letters: postfixLetters}
}

const mainCF = `message_size_limit = 200000
smtpd_sender_restrictions = check_sender_access texthash:DIR/etc/refuse
smtpd_recipient_restrictions = check_recipient_access texthash:DIR/etc/refuse, permit_mynetworks, reject
smtpd_helo_restrictions = check_helo_access texthash:DIR/etc/refuse, reject_non_fqdn_helo_hostname
smtpd_tls_security_level = may
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
`

const refuseCF = `banned.example.ru 554 5.7.1 go away
later@example.org 450 4.2.1 come back later
never@example.org 550 5.1.1 no such user
closing@example.org 421 4.3.2 closing
refused@example.ru 553 5.7.1 sender not owned by user
`

// postfixLetters returns the letters delivered so far, without the lines that Postfix added. It waits for at least min
// letters.
func postfixLetters(t *testing.T, min int) []taken {
	t.Helper()
	var all []taken
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		paths, err := filepath.Glob(filepath.Join(postfix.s.Box, "*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) < min {
			continue
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(path)
			all = append(all, delivered(string(raw)))
		}
		return all
	}
	log, _ := os.ReadFile(filepath.Join(postfix.s.Dir, "log"))
	t.Fatalf("fewer than %d letters delivered; the log:\n%s", min, log)
	return nil
}

// delivered removes Postfix's own fields from a delivered letter.
func delivered(raw string) taken {
	var l taken
	for {
		line, rest, _ := strings.Cut(raw, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Return-Path":
			l.from = strings.Trim(value, "<>")
		case "X-Original-To":
			l.to = append(l.to, value)
		case "Delivered-To", "Received":
		default:
			l.raw = strings.ReplaceAll(raw, "\n", "\r\n")
			return l
		}
		for strings.HasPrefix(rest, "\t") || strings.HasPrefix(rest, " ") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		raw = rest
	}
}
