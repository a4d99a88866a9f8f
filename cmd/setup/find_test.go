package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"helpdesk/cmd/wiring"
)

// net1 is a network for the tests.
type net1 struct {
	srv    map[string]net.SRV // by service and domain
	mx     map[string]string
	listen map[string]string // host:port → greeting
}

func (n net1) LookupSRV(_ context.Context, service, _, name string) (string, []*net.SRV, error) {
	if s, ok := n.srv[service+" "+name]; ok {
		return "", []*net.SRV{&s}, nil
	}
	return "", nil, errors.New("no such name")
}

func (n net1) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if host, ok := n.mx[name]; ok {
		return []*net.MX{{Host: host}}, nil
	}
	return nil, errors.New("no such name")
}

func (n net1) Probe(_ context.Context, host string, port int) (string, Server, error) {
	s := Server{Host: host, Port: port, TLS: "starttls"}
	if slices.Contains(implicit, port) {
		s.TLS = "implicit"
	}
	greeting, ok := n.listen[fmt.Sprintf("%s:%d", host, port)]
	if !ok {
		return "", s, errors.New("refused")
	}
	return greeting, s, nil
}

func TestServersOfAnAddress(t *testing.T) {
	all, err := wiring.Providers()
	if err != nil {
		t.Fatal(err)
	}
	n := net1{
		srv: map[string]net.SRV{
			"imaps srv.example": {
				Target: "in.srv.example.",
				Port:   993,
			}, "submission srv.example": {Target: "out.srv.example.", Port: 587},
			"imaps none.example": {Target: "."}, "imap none.example": {
				Target: "in.none.example.",
				Port:   143,
			}, "submissions none.example": {Target: "out.none.example.", Port: 465},
			"imaps both.example": {
				Target: "own.both.example.",
				Port:   993,
			}, "submissions both.example": {Target: "own.both.example.", Port: 465},
			"imaps half.example": {Target: "in.half.example.", Port: 993},
		},
		mx: map[string]string{"xn--80a1acny.example": "mx.yandex.net.", "firm.ru": "mx.yandex.net.",
			"cloud.example": "firm-ru.mail.protection.outlook.com.",
			"both.example":  "mx1.beget.com.",
			"half.example":  "MX.Yandex.NET.", "tricky.example": "notmx.yandex.net.evil.example.",
			"mxonly.example": "box.mxonly.example."},
		listen: map[string]string{"mail.own.example:993": "* OK Zimbra IMAP4rev1 server ready",
			"mail.own.example:587": "220 x", "imap.two.example:143": "* OK", "smtp.two.example:465": "220 x",
			"box.mxonly.example:993": "* OK CommuniGate Pro IMAP Server", "box.mxonly.example:465": "220 x",
			"imap.nosmtp.example:993": "* OK"},
	}
	for address, want := range map[string]string{
		"a@yandex.ru":      "Yandex 360 imap.yandex.ru:993 implicit smtp.yandex.ru:465 implicit",
		"a@GMAIL.com":      "Google imap.gmail.com:993 implicit smtp.gmail.com:465 implicit",
		"a@firm.ru":        "Yandex 360 imap.yandex.ru:993 implicit smtp.yandex.ru:465 implicit",
		"a@cloud.example":  "Microsoft 365 outlook.office365.com:993 implicit smtp.office365.com:587 starttls",
		"a@srv.example":    " in.srv.example:993 implicit out.srv.example:587 starttls",
		"a@none.example":   " in.none.example:143 starttls out.none.example:465 implicit",
		"a@both.example":   "Beget own.both.example:993 implicit own.both.example:465 implicit",
		"a@half.example":   "Yandex 360 imap.yandex.ru:993 implicit smtp.yandex.ru:465 implicit",
		"a@own.example":    "Zimbra mail.own.example:993 implicit mail.own.example:587 starttls",
		"a@two.example":    " imap.two.example:143 starttls smtp.two.example:465 implicit",
		"a@ПОЧТА.example":  "Yandex 360 imap.yandex.ru:993 implicit smtp.yandex.ru:465 implicit",
		"a@mxonly.example": "CommuniGate Pro box.mxonly.example:993 implicit box.mxonly.example:465 implicit",
	} {
		s, err := Find(t.Context(), n, all, address)
		got := fmt.Sprintf("%s %s %s %s %s", s.Provider.Name, s.IMAP, s.IMAP.TLS, s.SMTP, s.SMTP.TLS)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", address, got, err, want)
		}
	}
	for _, address := range []string{"a@nowhere.example", "a@nosmtp.example", "a@tricky.example"} {
		if s, err := Find(t.Context(), n, all, address); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %+v, %v", address, s, err)
		}
	}
}

// The data file: each provider can be found in some way and has the same notes in both languages, and both languages
// have the same texts.
func TestDataFiles(t *testing.T) {
	all, err := wiring.Providers()
	if err != nil || len(all) < 10 {
		t.Fatalf("%d providers, %v", len(all), err)
	}
	for _, p := range all {
		if len(p.Domains)+len(p.MX) == 0 && p.Greeting == "" ||
			p.Greeting == "" && (p.IMAP.Host == "" || p.SMTP.Host == "") {
			t.Errorf("%s can't be found, or has no servers", p.Name)
		}
		if (p.Note["ru"] == "") != (p.Note["en"] == "") ||
			!slices.Contains([]string{"app", "external", "account", "oauth2"}, p.Password) {
			t.Errorf("%s: %q, %v", p.Name, p.Password, p.Note)
		}
	}
	ru, err := Read("ru")
	en, err2 := Read("en")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for key, text := range en.all {
		if strings.Count(text, "%") != strings.Count(ru.all[key], "%") {
			t.Errorf("%s: %q and %q", key, text, ru.all[key])
		}
	}
	for key := range ru.all {
		if !en.has(key) {
			t.Errorf("%s is Russian alone", key)
		}
	}
}
