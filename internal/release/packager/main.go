// Command packager makes one Linux package by a file of nfpm's form (https://nfpm.goreleaser.com/configuration/). It is
// a module of its own: what it needs is not needed by the program.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the formats there are
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

func main() {
	config := flag.String("config", "", "nfpm's `FILE`")
	format := flag.String("format", "", "deb or rpm")
	out := flag.String("out", "", "the package to write")
	flag.Parse()
	if err := run(*config, *format, *out); err != nil {
		fmt.Fprintln(os.Stderr, "packager:", err)
		os.Exit(1)
	}
}

func run(config, format, out string) error {
	all, err := nfpm.ParseFile(config)
	if err != nil {
		return err
	}
	info, err := all.Get(format)
	if err != nil {
		return err
	}
	p, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.Validate(info); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	info.Target = out
	return errors.Join(p.Package(info, f), f.Close())
}
