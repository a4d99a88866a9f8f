package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// commit is the commit from which a release is made.
type commit struct {
	hash    string
	at      time.Time
	version string // without the v
	src     string // folder of the sources
}

func (c commit) stamp() string { return c.at.UTC().Format(time.RFC3339) }

// epoch returns the time of the commit in Unix seconds.
func (c commit) epoch() string { return strconv.FormatInt(c.at.Unix(), 10) }

var (
	newest = regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`)
	tagged = regexp.MustCompile(`^v(\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?)$`)
)

// checkOut writes the files of HEAD to a folder.
func checkOut(ctx context.Context, dir, number string) (commit, error) {
	c := commit{src: dir, version: number}
	said, err := output(ctx, "git", "log", "-1", "--format=%H %cI")
	if err != nil {
		return c, err
	}
	hash, at, _ := strings.Cut(said, " ")
	c.hash = hash
	if c.at, err = time.Parse(time.RFC3339, at); err != nil {
		return c, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return c, err
	}
	tar := filepath.Join(filepath.Dir(dir), "src.tar")
	if _, err := output(ctx, "git", "archive", "-o", tar, "HEAD"); err != nil {
		return c, err
	}
	if _, err := output(ctx, "tar", "-xf", tar, "-C", dir); err != nil {
		return c, err
	}
	if c.version == "" {
		c.version, err = c.named(ctx)
	}
	return c, err
}

// named returns the version in the tag of the commit, or else in the newest entry of the changelog.
func (c commit) named(ctx context.Context) (string, error) {
	tags, err := output(ctx, "git", "tag", "--points-at", "HEAD")
	if err != nil {
		return "", err
	}
	for _, tag := range strings.Fields(tags) {
		if m := tagged.FindStringSubmatch(tag); m != nil {
			return m[1], nil
		}
	}
	raw, err := os.ReadFile(filepath.Join(c.src, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	m := newest.FindSubmatch(raw)
	if m == nil {
		return "", errors.New("CHANGELOG.md has no entry \"## 1.2.3\"")
	}
	return fmt.Sprintf("%s-dev.%s.%s", m[1], c.at.UTC().Format("20060102150405"), c.hash[:12]), nil
}

// output runs a program in the root of the sources and returns its output.
func output(ctx context.Context, name string, args ...string) (string, error) {
	if name == "git" { // the folder may belong to another user, as in a container
		args = append([]string{"-c", "safe.directory=*"}, args...)
	}
	c := exec.CommandContext(ctx, name, args...)
	return ran(c)
}

func ran(c *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, errs.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}
