package eml

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// Limits of an address list: number of entries, and bytes of one <address> or encoded word.
const (
	maxAddresses = 20000
	maxAddress   = 2000
	maxUsable    = 320 // bytes of a deliverable address (RFC 5321, 4.5.3.1)
	maxName      = 300 // characters of a name
)

// Addresses parses an address list in any form. net/mail refuses too much of what programs send.
func Addresses(field string) []desk.Address {
	var list []desk.Address
	for len(field) > 0 && len(list) < maxAddresses {
		var a desk.Address
		a, field = nextAddress(field)
		if a.Addr != "" || a.Name != "" {
			list = append(list, a)
		}
	}
	return list
}

// mailbox collects the pieces of one address.
type mailbox struct {
	phrase  []string
	word    strings.Builder
	angle   string
	inAngle bool
	comment string

	doubtful bool // it contains several addresses
}

func (m *mailbox) endWord() {
	if m.word.Len() > 0 {
		m.phrase = append(m.phrase, m.word.String())
		m.word.Reset()
	}
}

// nextAddress parses the first address of a list and returns it with the rest of the list.
func nextAddress(s string) (desk.Address, string) {
	var m mailbox
	for len(s) > 0 {
		if s[0] == ',' || s[0] == ';' {
			s = s[1:]
			break
		}
		s = s[m.take(s):]
	}
	m.endWord()
	return m.address(), s
}

// take reads the next piece of an address and returns its length.
func (m *mailbox) take(s string) int {
	switch c := s[0]; {
	case c == '"':
		val, rest := unquote(s)
		if strings.HasPrefix(rest, "@") { // a quoted local part
			m.word.WriteString(`"` + val + `"`)
		} else {
			m.endWord()
			m.phrase = append(m.phrase, val)
		}
		return len(s) - len(rest)
	case c == '(':
		text, n := comment(s)
		m.comment = text
		return n
	case c == '<' && opensTwice(s):
		m.endWord() // QUIRK: <Ivan <a@b>>
	case c == '<':
		m.endWord()
		n := angleLen(s)
		angle := strings.TrimSuffix(s[1:n], ">")
		m.doubtful = m.doubtful || m.inAngle && cleanAddr(angle) != cleanAddr(m.angle)
		m.angle, m.inAngle = angle, true
		return n
	case c == ':' && !m.inAngle && m.word.Len() > 0 && !strings.Contains(m.word.String(), "@"):
		*m = mailbox{} // the name of a group (RFC 5322, 3.4) is not an address
	case strings.HasPrefix(s, "=?"):
		n := wordLen(s)
		m.word.WriteString(s[:n])
		return n
	case c == ' ' || c == '\t', c == '>' && m.inAngle: // QUIRK: Ivan <<a@b>>
		m.endWord()
	default:
		m.word.WriteByte(c)
	}
	return 1
}

// opensTwice reports whether the < at the beginning of s is followed by another < before the next >.
func opensTwice(s string) bool {
	inner := strings.IndexAny(s[1:min(len(s), maxAddress)], "<>")
	return inner > 0 && s[1+inner] == '<'
}

// angleLen returns the length of the <address> at the beginning of s. QUIRK: the closing > may be missing.
func angleLen(s string) int {
	if end := strings.IndexByte(s[:min(len(s), maxAddress)], '>'); end >= 0 {
		return end + 1
	}
	if end := strings.IndexAny(s[:min(len(s), maxAddress)], ",;"); end >= 0 {
		return end
	}
	return min(len(s), maxAddress)
}

// wordLen returns the length of the encoded word at the beginning of s. A comma inside it is not a separator.
func wordLen(s string) int {
	s = s[:min(len(s), maxAddress)]
	at := 2
	for range 2 { // skips the charset and the encoding
		i := strings.IndexByte(s[at:], '?')
		if i < 0 || strings.ContainsAny(s[at:at+i], " \t") {
			return 2
		}
		at += i + 1
	}
	if end := strings.Index(s[at:], "?="); end >= 0 {
		return at + end + 2
	}
	return 2
}

func comment(s string) (text string, n int) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], i + 1
			}
		}
	}
	return s[1:], len(s)
}

func (m *mailbox) address() desk.Address {
	name := strings.Join(m.phrase, " ")
	addr := strings.TrimSpace(m.angle)
	if !m.inAngle || addr == "" {
		name, addr = m.bare()
	}
	if i := strings.LastIndexByte(addr, ':'); i >= 0 { // a route or mailto:
		addr = addr[i+1:]
	}
	addr = cleanAddr(addr)
	name = unwrap(oneLine(name))
	if name == "" {
		name = oneLine(m.comment)
	}
	if strings.EqualFold(name, addr) {
		name = ""
	}
	if name = glyph.Cut(name, maxName); len(addr) > maxUsable { // no address, and too long for a key
		name, addr = glyph.Cut(name+" "+addr, maxName), ""
	}
	if m.doubtful {
		return desk.Address{Name: name}
	}
	return desk.Address{Name: name, Addr: addr}
}

// unwrap removes quotation marks around a whole name, and a single mark without its counterpart. It keeps marks inside
// the name, as in names of companies.
func unwrap(name string) string {
	for name != "" {
		mark := name[:1]
		if mark != `"` && mark != "'" {
			mark = name[len(name)-1:]
		}
		if mark != `"` && mark != "'" {
			break
		}
		inner := strings.Trim(name, mark)
		if strings.Contains(inner, mark) {
			if len(name) < 2 || !strings.HasPrefix(name, mark) || !strings.HasSuffix(name, mark) {
				break
			}
			inner = name[1 : len(name)-1]
			// this mark closes a quotation that the first one opens
			if next := strings.Index(inner, mark); next > 0 && inner[next-1] != ' ' {
				break
			}
		}
		name = strings.TrimSpace(inner)
	}
	return name
}

// bare finds the address among the words of a mailbox without <>. The other words are the name.
func (m *mailbox) bare() (name, addr string) {
	for i, w := range m.phrase {
		if addr == "" && strings.Contains(w, "@") {
			addr = w
			m.phrase = append(append([]string(nil), m.phrase[:i]...), m.phrase[i+1:]...)
			break
		}
	}
	if addr == "" { // QUIRK: the whole address inside an encoded word
		text := decodeWords(strings.Join(m.phrase, " "))
		if strings.Contains(text, "@") && text != strings.Join(m.phrase, " ") {
			a, _ := nextAddress(strings.ReplaceAll(text, "=?", ""))
			return a.Name, a.Addr
		}
	}
	return strings.Join(m.phrase, " "), addr
}

func cleanAddr(addr string) string {
	addr = oneLine(addr)
	if !strings.Contains(addr, `"@`) {
		addr = strings.Trim(addr, `<>'," `)
	}
	local, domain, found := strings.Cut(addr, "@")
	if !found || strings.HasPrefix(local, `"`) {
		return addr
	}
	// QUIRK: web forms accept blanks around the @ or inside the domain.
	return strings.TrimSpace(local) + "@" + strings.ReplaceAll(domain, " ", "")
}

// usable reports whether a mail server would accept an address: one local part, one at sign, one domain.
func usable(addr string) bool {
	if len(addr) > maxUsable {
		return false
	}
	parsed, err := mail.ParseAddress("<" + addr + ">")
	if err != nil || strings.Count(parsed.Address, "@") != 1 && !strings.HasPrefix(addr, `"`) {
		return false
	}
	domain := addr[strings.LastIndexByte(addr, '@')+1:]
	return !strings.ContainsFunc(domain, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_[]:", r)
	})
}

// addressSeen matches anything that looks like an address, anywhere in a field.
var addressSeen = lazy.Regexp(`[^\s<>()\[\],;:"'@]+@[^\s<>()\[\],;:"'@]+`)

// writerOf returns the person in a From or Sender field. It is the first usable address, or else the only thing in the
// field that looks like an address. Without one, or with several, nobody can be answered, and the whole field becomes
// the name.
func writerOf(h desk.Header, name string) desk.Address {
	list := addresses(h, name)
	field := oneLine(strings.Join(h.Values(name), ", "))
	for _, a := range list {
		// otherwise the field contains two addresses side by side
		if usable(a.Addr) && (strings.Contains(field, "<") || !addressSeen().MatchString(a.Name)) {
			return a
		}
	}
	if !strings.Contains(field, "@") { // such as MAILER-DAEMON
		if len(list) > 0 {
			return list[0]
		}
		return desk.Address{}
	}
	seen := map[string]bool{}
	var only desk.Address
	for _, at := range addressSeen().FindAllStringIndex(field[:min(len(field), maxAddress)], -1) {
		addr := strings.Trim(field[at[0]:at[1]], ".")
		if usable(addr) && !seen[strings.ToLower(addr)] {
			seen[strings.ToLower(addr)] = true
			only = desk.Address{Name: unwrap(strings.Trim(field[:at[0]], " <>,;:([")), Addr: addr}
		}
	}
	if len(seen) == 1 {
		return only
	}
	return desk.Address{Name: glyph.Cut(field, maxName)}
}

// answerable returns the usable addresses.
func answerable(list []desk.Address) []desk.Address {
	return slices.DeleteFunc(list, func(a desk.Address) bool { return !usable(a.Addr) })
}
