package config

import (
	"errors"
	"io/fs"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Windows and small containers have no list of time zones
	"unicode"

	"helpdesk/pkg/lazy"
	"helpdesk/pkg/wire"
)

// forms return what is wrong with a text that is not empty, "" if nothing is.
var forms = map[string]func(string) string{
	"address":  address,
	"date":     date,
	"envelope": envelope,
	"file":     file,
	"folder":   folder,
	"holiday":  holiday,
	"host":     host,
	"hours":    hours,
	"line":     line,
	"locale":   locale,
	"pattern":  pattern,
	"picture":  picture,
	"scope":    scope,
	"sender":   sender,
	"title":    title,
	"uri":      uri,
	"url":      link,
	"webhook":  webhook,
	"word":     word,
	"zone":     zone,
}

func line(s string) string {
	if strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) == "" {
		return "must be one line of text"
	}
	return ""
}

func word(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '/' || r == '\\'
	}) {
		return "must be a word without blanks and slashes"
	}
	return ""
}

func scope(s string) string {
	if strings.ContainsFunc(s, blank) {
		return "must be one scope without blanks: several are a list"
	}
	return ""
}

func address(s string) string {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return "must be an e-mail address: a@b.ru"
	}
	return domainOf(a)
}

// domainOf checks the domain of an address.
func domainOf(a *mail.Address) string {
	if !isDomain(a.Address[strings.LastIndexByte(a.Address, '@')+1:]) {
		return noDomain
	}
	return ""
}

func sender(s string) string {
	a, err := mail.ParseAddress(s)
	// the parser would drop text in brackets as a comment
	aside := strings.Contains(s, "(") && strings.Contains(inQuotes().ReplaceAllString(s, ""), "(")
	switch {
	case err == nil && !aside && line(s) == "":
		return domainOf(a)
	case bareName().MatchString(s):
		return `has a name that needs quotes of its own, for its signs: '"Support (Moscow)" <support@example.ru>'`
	}
	return `must be an e-mail address, with a name or without: "Support <support@example.ru>"`
}

var (
	inQuotes = lazy.Regexp(`"(\\.|[^"\\])*"`)
	bareName = lazy.Regexp(`^[^"<>]*[][(),:;@\\][^"<>]*<[^<>@\s]+@[^<>@\s]+>$`) // RFC 5322, 3.2.3: specials
)

func envelope(s string) string {
	if s == "account" || s == "null" {
		return ""
	}
	if address(s) != "" {
		return "must be account, null or an e-mail address"
	}
	return ""
}

func host(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.-", r)
	})
	begins, ends := strings.TrimLeft(s, ".-") == s, strings.TrimRight(s, "_-") == s
	if net.ParseIP(s) != nil || s == "_" || s != "" && !odd && begins && ends {
		return ""
	}
	return "must be the name or the address of a server alone: mail.example.ru"
}

func link(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "must be an address that begins with https://"
	case !wire.Private(u):
		return "must begin with https://: http is for a loopback address only"
	case u.User != nil:
		return "must not hold a user and a password"
	}
	return ""
}

// uri checks an address of any scheme: some providers want urn:… instead of a page.
func uri(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Fragment != "" {
		return "must be an address: http://localhost:8400/"
	}
	return ""
}

func webhook(s string) string {
	switch last := s[max(0, len(s)-1):]; {
	case last == "\r":
		return "ends in a carriage return: the file it comes from has the line ends of Windows"
	case strings.TrimSpace(last) != last:
		return "ends in a blank"
	}
	if m := link(s); m != "" {
		return m
	}
	u, err := url.Parse(s)
	if err != nil || !hooked(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return "must be the address of an incoming webhook: https://portal/rest/7/code/"
	}
	return ""
}

// hooked reports whether a path ends like that of a webhook. Every pass asks, so it compiles no pattern.
func hooked(path string) bool {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	at := len(parts) - 3
	if at < 1 || parts[at] != "rest" || parts[at+2] == "" {
		return false
	}
	_, err := strconv.ParseUint(parts[at+1], 10, 63)
	return err == nil
}

func date(s string) string {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "must be a day: 2026-01-01"
	}
	return ""
}

var listName = lazy.Regexp(`^[a-z][a-z0-9_-]*$`)

var localeName = lazy.Regexp(`^[a-z]{2,}(-[A-Za-z0-9]+)*$`)

func locale(s string) string {
	if !localeName().MatchString(s) {
		return "must be the name of a language: ru, en, auto"
	}
	return ""
}

// holiday checks a date, or the name of a list of days off.
func holiday(s string) string {
	if listName().MatchString(s) || date(s) == "" {
		return ""
	}
	return "must be days, or the name of a list of days: 2026-01-01, russia"
}

func hours(s string) string {
	if _, _, err := parseHours(s); err != nil {
		return "must be the beginning and the end of a working day: 09:00-18:00"
	}
	return ""
}

func zone(s string) string {
	if _, err := time.LoadLocation(s); err != nil {
		return "must be the name of a time zone: Europe/Moscow, or Local"
	}
	return ""
}

func file(s string) string {
	f, err := os.Open(s)
	if err != nil {
		return "cannot be read: " + reason(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return "must be a file"
	}
	return ""
}

// reason describes why a file cannot be read. The two usual reasons have the same text on every system.
func reason(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

func picture(s string) string {
	if !slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, strings.ToLower(filepath.Ext(s))) {
		return "must be a .png, .jpg or .gif file"
	}
	return file(s)
}

func folder(s string) string {
	st, err := os.Stat(s)
	if err != nil {
		return "cannot be read: " + reason(err)
	}
	if !st.IsDir() {
		return "must be a folder"
	}
	return ""
}
