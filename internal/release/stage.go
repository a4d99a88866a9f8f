package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// target is a platform.
type target struct{ os, arch string }

var targets = []target{{
	"linux",
	"amd64",
}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}

// staging is a release being built.
type staging struct {
	commit
	work, out string
}

func (s staging) name(t target) string {
	return fmt.Sprintf("helpdesk_%s_%s_%s", s.version, t.os, t.arch)
}

// documents writes the manual pages and completions. It runs a program of the commit's own sources, so that they match
// the commit.
func (s staging) documents(ctx context.Context) error {
	c := exec.CommandContext(ctx, "go", "run", "-trimpath", "-buildvcs=false", "./internal/release/manual",
		"-out", filepath.Join(s.work, "manual"), "-version", s.version, "-date", s.at.UTC().Format("2006-01-02"))
	c.Dir = s.src
	c.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if _, err := ran(c); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(s.work, "manual", "man", "*.1"))
	if err != nil {
		return err
	}
	for _, page := range append(pages, filepath.Join(s.src, "CHANGELOG.md")) {
		if err := compress(page); err != nil {
			return err
		}
	}
	return nil
}

// compress writes a compressed copy of a file, like gzip --best --no-name.
func compress(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(raw); err != nil {
		return err
	}
	return z.Close()
}

// make builds the program for a target and packs it.
func (s staging) make(ctx context.Context, t target) error {
	binary := filepath.Join(s.work, s.name(t))
	if t.os == "windows" {
		binary += ".exe"
	}
	if err := s.build(ctx, t, binary); err != nil {
		return err
	}
	if err := s.bill(t, binary); err != nil {
		return err
	}
	if err := s.archive(t, binary); err != nil {
		return err
	}
	if t.os != "linux" {
		return nil
	}
	for _, format := range []string{"deb", "rpm"} {
		if err := s.pack(ctx, t, format, binary); err != nil {
			return err
		}
	}
	return nil
}

func (s staging) build(ctx context.Context, t target, binary string) error {
	const at = "-X helpdesk/pkg/version."
	flags := []string{"-s", "-w", "-buildid=", at + "number=" + s.version, at + "commit=" + s.hash,
		at + "date=" + s.stamp()}
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", strings.Join(flags, " "),
		"-o", binary, ".")
	c.Dir = s.src
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOWORK=off")
	if _, err := ran(c); err != nil {
		return err
	}
	return os.Chtimes(binary, time.Time{}, s.at)
}
