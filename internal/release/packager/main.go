// Command packager builds one Linux package from an nfpm configuration (https://nfpm.goreleaser.com/configuration/). It
// is not part of the main module, so that helpdesk does not depend on nfpm.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the package formats
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
