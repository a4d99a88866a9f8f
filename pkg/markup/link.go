package markup

import (
	"net/url"
	"path"
	"strings"
	"unicode"
)

const (
	longestAddress = 4096 // bytes of a link; longer ones are omitted
	longestLabel   = 300  // characters; the address of a longer link is written after its text
)

// link writes a link: its text and its address.
func (k *walker) link(n *node) {
	href := linkAddress(k.resolved(n.get("href")))
	if href == "" {
		k.kids(n)
		return
	}
	l := labeler{pics: k.pics}
	l.add(n, k.tiny)
	label := strings.Join(strings.Fields(l.text.String()), " ")
	switch {
	case l.block || l.count > longestLabel:
		k.kids(n)
		k.address(href, "")
	case label == "" && !l.picture:
	case strings.EqualFold(href, "mailto:"+label):
		k.w.text(label)
	default:
		if t := l.text.String(); strings.TrimLeftFunc(t, unicode.IsSpace) != t {
			k.w.text(" ")
		}
		k.address(href, label)
	}
	if l.spaced {
		k.w.text(" ")
	}
}

// address writes an address after its label; in BBCode the label becomes a link.
func (k *walker) address(href, label string) {
	switch {
	case k.bb && (label == "" || label == href):
		if label == "" {
			k.w.text(" ")
		}
		k.w.put(string(leftMark) + "URL" + string(rightMark) + bracketless(href) + string(leftMark) + "/URL" +
			string(rightMark))
	case k.bb:
		k.w.begin(mark{open: "URL=" + bracketless(href), shut: "URL", inline: true})
		k.w.text(label)
		k.w.end()
	case label == "":
		k.w.text(" (" + href + ")")
	case sameAddress(label, href):
		k.w.text(label)
	default:
		k.w.text(label + " (" + href + ")")
	}
}

// labeler collects the text of a link, and stops if it is too much for a label.
type labeler struct {
	text    strings.Builder
	count   int
	block   bool // it contains a block element
	picture bool
	spaced  bool // it ends with a space
	pics    map[string]string
}

func (l *labeler) add(n *node, tiny bool) {
	for kid := n.first; kid != nil; kid = kid.next {
		if l.block || l.count > longestLabel {
			return
		}
		small := (tiny || kid.look.tiny) && !kid.look.sized
		switch {
		case kid.look.hidden, islandTags[kid.tag] && kid.closed:
		case kid.tag == "" && tiny:
		case kid.tag == "":
			l.text.WriteString(kid.text)
			l.count += int(kid.size)
			l.spaced = strings.TrimRightFunc(kid.text, unicode.IsSpace) != kid.text
		case kid.tag == "img":
			l.text.WriteString(pictureName(kid, l.pics))
			l.picture = l.picture || !isPixel(kid)
		case kid.tag == "br":
			l.text.WriteString(" ")
		case kid.tag == "sup", kid.tag == "sub", kid.look.raised != 0:
			l.shifted(kid, small)
		case paraTags[kid.tag], lineTags[kid.tag]:
			l.block = true
		default:
			l.add(kid, small)
		}
	}
}

// shifted adds raised or lowered text in the same form as the walker.
func (l *labeler) shifted(n *node, tiny bool) {
	inner := labeler{pics: l.pics}
	inner.add(n, tiny)
	set, sign := loweredDigits, "_"
	if n.tag == "sup" || n.look.raised > 0 {
		set, sign = raisedDigits, "^"
	}
	text, ok := mapped(strings.TrimSpace(inner.text.String()), set)
	if before := l.text.String(); !ok {
		if text = inner.text.String(); text != "" && before != "" && isDigit(text[0]) &&
			isDigit(before[len(before)-1]) {
			text = sign + text
		}
	}
	l.text.WriteString(text)
	l.count, l.block, l.picture = l.count+inner.count, l.block || inner.block, l.picture || inner.picture
}

// baseAddress returns the base of relative links, or nil if the address is not absolute.
func baseAddress(href string) *url.URL {
	u, err := url.Parse(linkAddress(href))
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

// resolved returns the absolute address of a relative link, and any other link unchanged.
func (k *walker) resolved(href string) string {
	href = strings.TrimSpace(href)
	if k.base == nil || href == "" || href[0] == '#' || len(href) > longestAddress {
		return href
	}
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "" {
		return href
	}
	return k.base.ResolveReference(u).String()
}

// linkAddress returns the address of a link that works anywhere, or "".
func linkAddress(href string) string {
	href = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, href)
	if strings.HasPrefix(href, "//") {
		href = "https:" + href
	}
	if strings.HasPrefix(strings.ToLower(href), "www.") {
		href = "http://" + href
	}
	if len(href) > longestAddress {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return href
}

var addressEscapes = strings.NewReplacer("[", "%5B", "]", "%5D", `"`, "%22", "'", "%27", "<", "%3C", ">", "%3E")

func bracketless(href string) string { return addressEscapes.Replace(href) }

// sameAddress reports whether the text of a link is its own address.
func sameAddress(label, href string) bool {
	bare := func(s string) string {
		s = strings.ToLower(strings.TrimSuffix(s, "/"))
		_, rest, ok := strings.Cut(s, "://")
		if !ok {
			rest = s
		}
		return strings.TrimPrefix(rest, "www.")
	}
	return label == href || bare(label) == bare(href)
}

// pictureName returns the text for a picture: the description, or for an inline picture the file name in parentheses.
// If no file has its Content-ID, the description is used, or the Content-ID if it looks like a file name.
func pictureName(n *node, files map[string]string) string {
	src, alt := n.get("src"), strings.TrimSpace(n.get("alt"))
	if isPixel(n) {
		return ""
	}
	cid, inline := cutPrefixFold(strings.TrimSpace(src), "cid:")
	if !inline {
		return bracketFree(alt)
	}
	name := pictureFile(cid, files)
	if name == "" {
		name, _, _ = strings.Cut(cid, "@")
		if fileLike(alt) || !fileLike(name) && (alt != "" || files != nil) {
			name = alt
		}
		if _, described := cutPrefixFold(name, "cid:"); described {
			name = ""
		}
	}
	if name = bracketFree(name); name == "" {
		return ""
	}
	return " (" + name + ") "
}

// pictureFile returns the file name of the picture with a cid: address, or "" if there is none.
func pictureFile(cid string, files map[string]string) string {
	id := strings.ToLower(cid)
	if name := files[id]; name != "" {
		return name
	}
	if plain, err := url.PathUnescape(id); err == nil { // the encoding of RFC 2392
		return files[plain]
	}
	return ""
}

func fileLike(name string) bool { return path.Ext(name) != "" && !strings.Contains(name, " ") }

func bracketFree(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]()", r) {
			return -1
		}
		return r
	}, s)
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
