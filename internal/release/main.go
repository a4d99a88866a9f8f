// Command release builds everything published for one commit: packages for Debian and Red Hat, archives for other
// systems, checksums, and bills of materials. It does not publish them.
//
//	go run ./internal/release -out DIR [-version 1.2.0]
//
// The same commit and Go version give the same bytes. It takes the sources from git, not from the folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	out := flag.String("out", "", "the `FOLDER` to write into; it is made")
	number := flag.String("version", "",
		"the version; default: the commit's tag, else the newest entry of CHANGELOG.md with the commit after it")
	only := flag.String("only", "", "make it for this target alone, such as linux/amd64: to try what is made")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *number, *only); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds the release in the folder out.
func run(ctx context.Context, out, number, only string) error {
	if out == "" {
		return errors.New("-out: a folder is wanted")
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "helpdesk-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	c, err := checkOut(ctx, filepath.Join(work, "src"), number)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	fmt.Printf("helpdesk %s, commit %s of %s\n", c.version, c.hash[:12], c.stamp())
	s := staging{commit: c, work: work, out: out}
	if err := s.documents(ctx); err != nil {
		return err
	}
	for _, t := range targets {
		if only != "" && only != t.os+"/"+t.arch {
			continue
		}
		if err := s.make(ctx, t); err != nil {
			return fmt.Errorf("%s/%s: %w", t.os, t.arch, err)
		}
	}
	return sums(out)
}
