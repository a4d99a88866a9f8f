package markup

import (
	"strconv"
	"strings"
)

// look is what an element's attributes say of its appearance, as far as it matters for its text.
type look struct {
	hidden bool
	tight  bool // a paragraph without space around it
	pre    bool // spaces and line ends are kept
	tiny   bool // letters too small to be seen
	sized  bool // letters that can be seen, inside something tiny too
	bold   bool
	normal bool // not bold, whatever the tag says
	italic bool
}

func lookOf(n *node) look {
	var l look
	l.hidden = n.has("hidden") || n.tag == "input" && strings.EqualFold(n.get("type"), "hidden")
	// QUIRK: Outlook writes every line as a paragraph of such a class, with margins of nothing in a style sheet.
	class := strings.ToLower(n.get("class"))
	l.tight = strings.HasPrefix(class, "mso")
	l.pre = n.tag == "pre" || n.tag == "xmp" || n.tag == "listing" || n.tag == "textarea"
	if style := n.get("style"); style != "" {
		l.add(declarations(style))
	}
	return l
}

// declarations returns a style attribute as a map, names and values in lower case.
func declarations(style string) map[string]string {
	d := map[string]string{}
	for part := range strings.SplitSeq(strings.ToLower(style), ";") {
		name, value, ok := strings.Cut(part, ":")
		if ok {
			d[strings.TrimSpace(name)] = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		}
	}
	return d
}

func (l *look) add(d map[string]string) {
	clipped := d["overflow"] == "hidden"
	switch {
	case d["display"] == "none", d["visibility"] == "hidden", isZero(d["opacity"]),
		clipped && (isZero(d["max-height"]) || isZero(d["height"]) || isZero(d["max-width"]) || isZero(d["width"])):
		l.hidden = true
	}
	if isZero(below(d)) {
		l.tight = true
	}
	if strings.HasPrefix(d["white-space"], "pre") || d["white-space"] == "break-spaces" {
		l.pre = true
	}
	switch weight := d["font-weight"]; weight {
	case "bold", "bolder", "600", "700", "800", "900":
		l.bold = true
	case "normal", "400":
		l.normal = true // QUIRK: Google Docs wraps whatever is copied out of it in such a b
	}
	l.italic = d["font-style"] == "italic" || d["font-style"] == "oblique"
	if size := d["font-size"]; size != "" {
		l.tiny = isZero(size) || size == "1px"
		l.sized = !l.tiny
	}
}

// below returns the margin below an element, "" where its style does not say.
func below(d map[string]string) string {
	if m := d["margin-bottom"]; m != "" {
		return m
	}
	switch sides := strings.Fields(d["margin"]); len(sides) {
	case 1, 2:
		return sides[0]
	case 3, 4:
		return sides[2]
	}
	return ""
}

// isZero says whether a length is nothing: 0, 0px, 0.0cm.
func isZero(length string) bool {
	number := strings.TrimRight(length, "abcdefghijklmnopqrstuvwxyz% ")
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && f == 0
}

// isPixel says whether a picture is too small to be seen: a tracker or a spacer.
func isPixel(n *node) bool {
	d := declarations(n.get("style"))
	for _, side := range []string{"width", "height"} {
		for _, length := range []string{n.get(side), d[side]} {
			f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(length), "px"), 64)
			if err == nil && f <= 2 {
				return true
			}
		}
	}
	return false
}

// isBare says whether a letter has lines but no tag that makes any: its line ends are meant.
// QUIRK: some programs send plain text as text/html (seen in newsletters of the Enron corpus and in web forms).
func isBare(root *node) bool {
	lines := 0
	return !breaks(root, &lines) && lines > 1
}

// breaks says whether a tag inside makes lines, and counts the line ends in the text.
func breaks(n *node, lines *int) bool {
	for _, kid := range n.kids {
		*lines += strings.Count(strings.TrimSpace(kid.text), "\n")
		switch {
		case kid.tag == "html", kid.tag == "body", kid.tag == "":
		case kid.tag == "br", paraTags[kid.tag], lineTags[kid.tag]:
			return true
		}
		if breaks(kid, lines) {
			return true
		}
	}
	return false
}
