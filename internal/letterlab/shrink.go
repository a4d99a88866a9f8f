package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"sort"
)

const colours = 16 // of a picture: letters have few, and antialiased text needs no more

// shrink reduces a picture to its most frequent colours.
func shrink(raw []byte) ([]byte, error) {
	m, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	box := m.Bounds()
	rgba := func(x, y int) color.RGBA { return color.RGBAModel.Convert(m.At(box.Min.X+x, box.Min.Y+y)).(color.RGBA) }
	count := map[color.RGBA]int{}
	for y := range box.Dy() {
		for x := range box.Dx() {
			count[rgba(x, y)]++
		}
	}
	all := byFrequency(count)
	var p color.Palette
	for _, c := range all[:min(len(all), colours)] {
		p = append(p, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range all {
		index[c] = uint8(p.Index(c))
	}
	out := image.NewPaletted(image.Rect(0, 0, box.Dx(), box.Dy()), p)
	for y := range box.Dy() {
		for x := range box.Dx() {
			out.SetColorIndex(x, y, index[rgba(x, y)])
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// byFrequency returns the colours sorted by frequency, the most frequent first. Ties are broken consistently.
func byFrequency(count map[color.RGBA]int) []color.RGBA {
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	number := func(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if count[a] != count[b] {
			return count[a] > count[b]
		}
		return number(a) < number(b)
	})
	return all
}
