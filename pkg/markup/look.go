package markup

import (
	"strconv"
	"strings"
)

// look is the part of an element's appearance that affects its text.
type look struct {
	hidden bool
	tight  bool // a paragraph without margins
	pre    bool // spaces and line ends are preserved
	tiny   bool // text too small to be visible
	sized  bool // visible text, even inside a tiny element
	bold   bool
	normal bool // not bold, despite the tag
	italic bool
	raised int // > 0 raised, < 0 lowered
}

func lookOf(n *node) look {
	var l look
	l.hidden = n.has("hidden") || n.tag == "input" && strings.EqualFold(n.get("type"), "hidden")
	// QUIRK: Outlook writes every line as a paragraph of such a class, with zero margins in a style sheet.
	_, l.tight = cutPrefixFold(n.get("class"), "mso")
	l.pre = n.tag == "pre" || n.tag == "xmp" || n.tag == "listing" || n.tag == "textarea"
	if style := n.get("style"); style != "" {
		l.add(declared(style))
	}
	return l
}

// declarations are the relevant values of a style attribute, in lower case.
type declarations struct {
	display, visibility, opacity, overflow, maxHeight, height, maxWidth, width string
	margin, marginBottom, whiteSpace, fontWeight, fontStyle, fontSize, align   string
}

// declared parses a style attribute. The last of several values wins.
func declared(style string) (d declarations) {
	for part := range strings.SplitSeq(strings.ToLower(style), ";") {
		name, value, ok := strings.Cut(part, ":")
		if !ok {
			continue
		}
		if to := d.property(strings.TrimSpace(name)); to != nil {
			*to = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		}
	}
	return d
}

// property returns the field for a property, or nil if the property is irrelevant.
func (d *declarations) property(name string) *string {
	switch name {
	case "display":
		return &d.display
	case "visibility":
		return &d.visibility
	case "opacity":
		return &d.opacity
	case "overflow":
		return &d.overflow
	case "max-height":
		return &d.maxHeight
	case "height":
		return &d.height
	case "max-width":
		return &d.maxWidth
	case "width":
		return &d.width
	case "margin":
		return &d.margin
	case "margin-bottom":
		return &d.marginBottom
	case "white-space":
		return &d.whiteSpace
	case "font-weight":
		return &d.fontWeight
	case "font-style":
		return &d.fontStyle
	case "font-size":
		return &d.fontSize
	case "vertical-align":
		return &d.align
	}
	return nil
}

func (l *look) add(d declarations) {
	clipped := d.overflow == "hidden"
	switch {
	case d.display == "none", d.visibility == "hidden", isZero(d.opacity),
		clipped && (isZero(d.maxHeight) || isZero(d.height) || isZero(d.maxWidth) || isZero(d.width)):
		l.hidden = true
	}
	if isZero(below(d)) {
		l.tight = true
	}
	if strings.HasPrefix(d.whiteSpace, "pre") || d.whiteSpace == "break-spaces" {
		l.pre = true
	}
	switch d.fontWeight {
	case "bold", "bolder", "600", "700", "800", "900":
		l.bold = true
	case "normal", "400":
		l.normal = true // QUIRK: Google Docs wraps everything copied from it in such a b
	}
	l.italic = d.fontStyle == "italic" || d.fontStyle == "oblique"
	switch d.align {
	case "super":
		l.raised = 1
	case "sub":
		l.raised = -1
	}
	if size := d.fontSize; size != "" {
		l.tiny = isZero(size) || size == "1px"
		l.sized = !l.tiny
	}
}

// below returns the bottom margin of an element, or "" if its style has none.
func below(d declarations) string {
	if m := d.marginBottom; m != "" {
		return m
	}
	switch sides := strings.Fields(d.margin); len(sides) {
	case 1, 2:
		return sides[0]
	case 3, 4:
		return sides[2]
	}
	return ""
}

// isZero reports whether a length is zero: 0, 0px, 0.0cm.
func isZero(length string) bool {
	if length == "" {
		return false
	}
	number := strings.TrimRight(length, "abcdefghijklmnopqrstuvwxyz% ")
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && f == 0
}

// isPixel reports whether a picture is too small to be visible: a tracker or a spacer.
func isPixel(n *node) bool {
	d := declared(n.get("style"))
	for _, length := range []string{n.get("width"), d.width, n.get("height"), d.height} {
		f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(length), "px"), 64)
		if err == nil && f <= 2 {
			return true
		}
	}
	return false
}

// isBare reports whether a letter has several lines but no tag that breaks lines, so that its line ends count.
//
// QUIRK: some programs send plain text as text/html (seen in newsletters of the Enron corpus and in web forms).
func isBare(root *node) bool {
	lines := 0
	return !breaks(root, &lines) && lines > 1
}

// breaks reports whether a tag inside n breaks lines, and counts the line ends in the text.
func breaks(n *node, lines *int) bool {
	for kid := n.first; kid != nil; kid = kid.next {
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
