package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// clients are the mail programs that we support, by their names in the caniemail data. The data do not contain Yandex,
// whose web mail depends on the browser.
var clients = []string{"gmail.desktop-webmail", "gmail.mobile-webmail", "gmail.android", "gmail.ios",
	"outlook.windows", "outlook.outlook-com",
	"apple-mail.macos", "apple-mail.ios", "mail-ru.desktop-webmail"}

// allowedFile explains, for each feature that some program lacks, why the letters work without it.
//
//go:embed allowed.yaml
var allowedFile []byte

// finding is a feature that a program does not support, supports only in part, or was not tested with.
type finding struct {
	Letter, Client, Feature, Support string
}

// findings are the findings for all letters, and the date of the data.
type findings struct {
	Data  string
	Found []finding
}

// judgePrograms checks the letters with the caniemail data. A feature that is neither supported nor allowed is an
// error.
func judgePrograms(ctx context.Context, root string, all []sample) error {
	f, err := askPrograms(ctx, root, all)
	if err != nil {
		return err
	}
	table, err := f.judge()
	fmt.Println(table)
	return errors.Join(err, intoDocs(root, "programs", table))
}

// askPrograms runs the caniemail package. It first installs the package from the lock file if necessary.
func askPrograms(ctx context.Context, root string, all []sample) (f findings, err error) {
	node, err := find("node", "nodejs")
	if err != nil {
		return f, err
	}
	folder := filepath.Join(root, "internal", "letterlab")
	if !installed(root) {
		npm, err := find("npm")
		if err != nil {
			return f, err
		}
		cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			return f, fmt.Errorf("npm ci: %w\n%s", err, out)
		}
	}
	type letter struct {
		Name string `json:"name"`
		HTML string `json:"html"`
	}
	var letters []letter
	for _, s := range all {
		letters = append(letters, letter{s.Name, s.Letter.HTML})
	}
	in, err := json.Marshal(letters)
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, node, append([]string{"caniemail.mjs"}, clients...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = folder, bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("caniemail: %w\n%s", err, stderr.Bytes())
	}
	return f, json.Unmarshal(out, &f)
}

// installed reports whether the caniemail package is installed.
func installed(root string) bool {
	_, err := os.Stat(filepath.Join(root, "internal", "letterlab", "node_modules", "caniemail"))
	return err == nil
}

// judge returns a table of the findings, and an error for each finding that is not in allowed.yaml.
func (f findings) judge() (string, error) {
	allowed := map[string]string{}
	if err := yaml.UnmarshalWithOptions(allowedFile, &allowed, yaml.Strict()); err != nil {
		return "", fmt.Errorf("allowed.yaml: %w", err)
	}
	rows := map[string]map[string][]string{} // feature, support, clients
	for _, one := range f.Found {
		if rows[one.Feature] == nil {
			rows[one.Feature] = map[string][]string{}
		}
		if list := rows[one.Feature][one.Support]; !slices.Contains(list, one.Client) {
			rows[one.Feature][one.Support] = append(list, one.Client)
		}
	}
	var (
		b    strings.Builder
		errs []error
	)
	day, _, _ := strings.Cut(f.Data, " ")
	fmt.Fprintf(&b, "Data of %s.\n\n| used | not supported by | in part by | not tested in | why the letter is right "+
		"all the same |\n|---|---|---|---|---|\n", day)
	for _, feature := range sorted(rows) {
		why, ok := allowed[feature]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: not supported by %s, in part by %s, and not in allowed.yaml", feature,
				shortly(rows[feature]["none"]), shortly(rows[feature]["part"])))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", code(feature), shortly(rows[feature]["none"]),
			shortly(rows[feature]["part"]),
			shortly(rows[feature]["untested"]), why)
	}
	for _, feature := range sorted(allowed) {
		if rows[feature] == nil {
			errs = append(errs, fmt.Errorf("%s: in allowed.yaml, but no letter has it", feature))
		}
	}
	return b.String(), errors.Join(errs...)
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func code(s string) string { return "`" + s + "`" }

// shortly joins the names of programs, with the platforms of a family together.
func shortly(list []string) string {
	platforms := map[string][]string{}
	for _, c := range list {
		family, platform, _ := strings.Cut(c, ".")
		platforms[family] = append(platforms[family], platform)
	}
	var out []string
	for _, family := range sorted(platforms) {
		slices.Sort(platforms[family])
		out = append(out, family+" ("+strings.Join(platforms[family], ", ")+")")
	}
	return strings.Join(out, "; ")
}
