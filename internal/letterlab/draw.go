package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// view is a screen with the preferences of its owner.
type view struct {
	Name   string
	Width  int
	Scheme string // light or dark
}

var views = []view{
	{
		"phone-light",
		360,
		"light",
	}, {"phone-dark", 360, "dark"}, {"desktop-light", 800, "light"}, {"desktop-dark", 800, "dark"},
}

// fits are further widths within which a letter must fit.
var fits = []view{{"narrow", 320, "light"}, {"wide", 1200, "light"}}

const pictureFolder = "docs/letters"

// drawAll draws each letter in each view into docs/letters, and records the letters from which the pictures were made.
func drawAll(ctx context.Context, root string, all []sample) error {
	b, err := openBrowser(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	folder := filepath.Join(root, pictureFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	total := 0
	for _, s := range all {
		for _, v := range views {
			raw, err := b.draw(s.page(), v)
			if err != nil {
				return fmt.Errorf("draw %s: %w", s.Name, err)
			}
			if err := os.WriteFile(filepath.Join(folder, s.Name+"-"+v.Name+".png"), raw, 0o644); err != nil {
				return err
			}
			total += len(raw)
		}
	}
	fmt.Printf("pictures: %d, %d kB\n", len(all)*len(views), total>>10)
	if err := b.fit(all); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "drawn.txt"), []byte(drawnOf(all)), 0o644); err != nil {
		return err
	}
	return intoDocs(root, "pictures", pictureTable(all))
}

// fit checks that nothing in the letters, or in one with difficult content, exceeds the narrowest and widest views.
func (b *browser) fit(all []sample) error {
	hard, err := hardSample()
	if err != nil {
		return err
	}
	var errs []error
	try := func(s sample, views []view) {
		for _, v := range views {
			if _, err := b.draw(s.page(), v); err != nil {
				errs = append(errs, fmt.Errorf("draw %s: %w", s.Name, err))
			}
		}
	}
	for _, s := range all {
		try(s, fits)
	}
	try(hard, append(slices.Clone(views), fits...))
	return errors.Join(errs...)
}

// drawnOf returns a line for each letter that was drawn. A change of a letter is thus visible without a browser.
func drawnOf(all []sample) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256([]byte(s.page())), s.Name)
	}
	return b.String()
}

func pictureTable(all []sample) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "#### %s\n\n", s.title())
		for _, v := range views {
			width := map[int]int{360: 180, 800: 400}[v.Width]
			fmt.Fprintf(&b, "<img src=\"letters/%s-%s.png\" width=\"%d\" alt=\"%s, %s\" />\n", s.Name, v.Name, width,
				strings.ReplaceAll(s.title(), "`", ""), v.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (s sample) title() string {
	title := "`" + string(s.Kind) + "`, " + s.Locale
	if s.Logo {
		title += ", with a logo"
	}
	return title
}

// draw returns a picture of the whole page.
func (b *browser) draw(page string, v view) ([]byte, error) {
	type m map[string]any
	file := filepath.Join(b.home, "letter.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		return nil, err
	}
	metrics := m{"width": v.Width, "height": 200, "deviceScaleFactor": 1, "mobile": v.Width < 500}
	features := m{"features": []m{{"name": "prefers-color-scheme", "value": v.Scheme}}}
	if err := b.call("Emulation.setDeviceMetricsOverride", metrics, nil); err != nil {
		return nil, err
	}
	if err := b.call("Emulation.setEmulatedMedia", features, nil); err != nil {
		return nil, err
	}
	if err := b.call("Page.navigate", m{"url": "file://" + file}, nil); err != nil {
		return nil, err
	}
	if _, err := b.next(func(m message) bool { return m.Method == "Page.loadEventFired" }); err != nil {
		return nil, err
	}
	var size struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	if err := b.call("Page.getLayoutMetrics", nil, &size); err != nil {
		return nil, err
	}
	if w := size.CSSContentSize.Width; w > float64(v.Width) {
		return nil, fmt.Errorf("at %d pixels it is %.0f wide", v.Width, w)
	}
	var shot struct{ Data []byte }
	clip := m{"x": 0, "y": 0, "width": v.Width, "height": size.CSSContentSize.Height, "scale": 1}
	if err := b.call("Page.captureScreenshot", m{
		"format":                "png",
		"captureBeyondViewport": true,
		"clip":                  clip,
	}, &shot); err != nil {
		return nil, err
	}
	return shrink(shot.Data)
}
