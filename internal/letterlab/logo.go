package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// drawLogo draws a sample company logo: a ring and two bars.
func drawLogo() []byte {
	const width, height = 300, 90
	p := color.Palette{color.White, color.RGBA{0x1a, 0x5f, 0xb4, 0xff}, color.RGBA{0x9a, 0xc1, 0xee, 0xff},
		color.RGBA{0x24, 0x29, 0x2f, 0xff}}
	m := image.NewPaletted(image.Rect(0, 0, width, height), p)
	for y := range height {
		for x := range width {
			m.SetColorIndex(x, y, logoAt(x, y))
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m) // does not fail: it writes to memory
	return b.Bytes()
}

func logoAt(x, y int) uint8 {
	dx, dy := x-45, y-45
	switch d := dx*dx + dy*dy; {
	case d < 40*40 && d > 22*22 && dx > dy:
		return 1
	case d < 40*40 && d > 22*22:
		return 2
	case x > 105 && x < 285 && y > 22 && y < 40:
		return 3
	case x > 105 && x < 225 && y > 52 && y < 66:
		return 1
	}
	return 0
}
