package render

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	htmltemplate "html/template"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	"helpdesk/pkg/desk"
)

const (
	biggestLogo = 200 << 10 // bytes: every letter contains the logo
	widestLogo  = 200       // pixels; a bigger picture is scaled down
	tallestLogo = 80
)

// logo is the picture in the signature.
type logo struct {
	part          desk.Part
	address       htmltemplate.URL
	width, height int
}

func readLogo(content []byte, mime string) (*logo, error) {
	if len(content) > biggestLogo {
		return nil, fmt.Errorf("letters.logo: %d kB, at most %d kB go with a letter", len(content)>>10, biggestLogo>>10)
	}
	size, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("letters.logo: not a png, jpeg or gif picture: %w", err)
	}
	if size.Width < 1 || size.Height < 1 {
		return nil, fmt.Errorf("letters.logo: %d × %d pixels", size.Width, size.Height)
	}
	if is := "image/" + format; mime != "" && mime != is {
		return nil, fmt.Errorf("letters.logo: its content is %s, not %s", is, mime)
	}
	sum := sha256.Sum256(content)
	id := fmt.Sprintf("logo.%x@helpdesk", sum[:8])
	l := &logo{address: htmltemplate.URL("cid:" + id), width: size.Width, height: size.Height}
	l.part = desk.Part{Name: "logo." + format, Type: "image/" + format, ContentID: id, Content: content}
	if l.width > widestLogo {
		l.width, l.height = widestLogo, max(1, l.height*widestLogo/l.width)
	}
	if l.height > tallestLogo {
		l.width, l.height = max(1, l.width*tallestLogo/l.height), tallestLogo
	}
	return l, nil
}
