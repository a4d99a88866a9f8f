package main

import (
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const again = "the letters changed: go run ./internal/letterlab"

// required reports whether a missing program is a failure.
func required() bool { return os.Getenv("HELPDESK_REQUIRE_SERVERS") == "1" }

func root(t *testing.T) string {
	t.Helper()
	dir, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func docs(t *testing.T, part string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), docsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _, err := between(string(raw), part)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPrograms checks the letters with the caniemail data, which "npm" installs.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if !installed(root(t)) && !required() {
		t.Skip("the caniemail data is not installed: npm ci in internal/letterlab")
	}
	f, err := askPrograms(t.Context(), root(t), allSamples(t))
	if errors.Is(err, errMissing) && !required() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	table, err := f.judge()
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(docs(t, "programs"), strings.TrimSpace(table)); diff != "" {
		t.Errorf("%s: %s", again, diff)
	}
}

// TestSpam scores the letters with "spamassassin".
func TestSpam(t *testing.T) {
	t.Parallel()
	scores, version, err := askSpamAssassin(t.Context(), allSamples(t))
	if errors.Is(err, errMissing) && !required() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judgeScores(scores, version); err != nil {
		t.Error(err)
	}
	for _, s := range scores {
		if row := "| " + s.Letter + " | "; !strings.Contains(docs(t, "spam"), row) {
			t.Errorf("no row %q in %s: %s", row, docsFile, again)
		}
	}
}

// TestJudges checks that the checks find what they are made for.
func TestJudges(t *testing.T) {
	t.Parallel()
	if _, err := (findings{Found: []finding{{"x", "gmail.ios", "position", "none"}}}).judge(); err == nil ||
		!strings.Contains(err.Error(), "position: not supported by gmail (ios)") ||
		!strings.Contains(err.Error(), "`border`") && !strings.Contains(err.Error(), "border: in allowed.yaml") {
		t.Error(err)
	}
	if _, err := judgeScores([]score{{
		Letter: "x",
		Points: 1,
		Most:   1,
		Rules:  "BAD",
	}}, ""); err == nil || !strings.Contains(err.Error(), "BAD") {
		t.Error(err)
	}
}

// TestDrawn checks that the pictures in the documentation show the current letters.
func TestDrawn(t *testing.T) {
	t.Parallel()
	all, folder := allSamples(t), filepath.Join(root(t), pictureFolder)
	drawn, err := os.ReadFile(filepath.Join(folder, "drawn.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(drawn), "\r\n", "\n"), drawnOf(all)); diff != "" {
		t.Errorf("%s: %s", again, diff)
	}
	if diff := cmp.Diff(docs(t, "pictures"), strings.TrimSpace(pictureTable(all))); diff != "" {
		t.Errorf("%s: %s", again, diff)
	}
	for _, s := range all {
		for _, v := range views {
			checkPicture(t, filepath.Join(folder, s.Name+"-"+v.Name+".png"), v)
		}
	}
}

func checkPicture(t *testing.T, name string, v view) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := png.DecodeConfig(f)
	if err != nil || c.Width != v.Width || c.Height < 200 {
		t.Errorf("%s: %d × %d, %v", name, c.Width, c.Height, err)
	}
}

var (
	darkRule   = regexp.MustCompile(`\.(hd-\w+)( a)?(?:, \.hd-\w+(?: a)?)* \{ (background-color|color): (#[0-9a-f]{6})`)
	inlineRule = regexp.MustCompile(`[^-]color:(#[0-9a-f]{6})`)
	ground     = regexp.MustCompile(`background-color:(#[0-9a-f]{6})`)
)

// TestContrast checks every text colour on every possible background by WCAG 2, 1.4.3: at least 4.5 to 1.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, s := range allSamples(t) {
		head, body, _ := strings.Cut(s.Letter.HTML, "</style>")
		texts, grounds := map[string]bool{}, map[string]bool{}
		for _, m := range inlineRule.FindAllStringSubmatch(body, -1) {
			texts[m[1]] = true
		}
		for _, m := range ground.FindAllStringSubmatch(body, -1) {
			grounds[m[1]] = true
		}
		checkContrast(t, s.Name+", light", texts, grounds)
		_, dark, _ := strings.Cut(head, "prefers-color-scheme: dark")
		texts, grounds = map[string]bool{}, map[string]bool{}
		for _, m := range darkRule.FindAllStringSubmatch(dark, -1) {
			if m[3] == "color" {
				texts[m[4]] = true
			} else {
				grounds[m[4]] = true
			}
		}
		checkContrast(t, s.Name+", dark", texts, grounds)
	}
}

func checkContrast(t *testing.T, name string, texts, grounds map[string]bool) {
	t.Helper()
	if len(texts) < 2 || len(grounds) < 2 {
		t.Fatalf("%s: %v on %v", name, texts, grounds)
	}
	for _, text := range sorted(texts) {
		for _, ground := range sorted(grounds) {
			if c := contrast(t, text, ground); c < 4.5 {
				t.Errorf("%s: %s on %s: %.1f to 1", name, text, ground, c)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
