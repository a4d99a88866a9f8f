package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// content is a file of a package in the format of nfpm.
type content struct {
	Src  string `json:"src,omitempty"`
	Dst  string `json:"dst"`
	Type string `json:"type,omitempty"`
	Info info   `json:"file_info"`
}

type info struct {
	Mode  int    `json:"mode"`
	MTime string `json:"mtime"`
	Owner string `json:"owner"`
	Group string `json:"group"`
}

// pack builds a Linux package.
func (s staging) pack(ctx context.Context, t target, format, binary string) error {
	held := filepath.Join(s.src, "internal", "release", "files")
	all, err := s.contents(format, binary, held)
	if err != nil {
		return err
	}
	spec := map[string]any{
		"name": "helpdesk", "arch": t.arch, "platform": t.os, "version": s.version, "version_schema": "semver",
		"release": "1", "section": "mail",
		"priority": "optional", "maintainer": "The helpdesk authors <helpdesk@localhost>", "license": "MIT",
		"mtime": s.stamp(),
		"description": "mail channel for Bitrix24\nCustomers write e-mail, specialists work in Bitrix24 tasks, and " +
			"helpdesk is the bridge: letters become\n" +
			"tasks and comments, specialists' comments become letters. It is started every minute and stays nowhere.",
		"contents": all, "recommends": []string{"ca-certificates"},
		"scripts": map[string]string{"postinstall": filepath.Join(held, "postinstall.sh"),
			"preremove":  filepath.Join(held, "preremove.sh"),
			"postremove": filepath.Join(held, "postremove.sh")},
		"rpm": map[string]any{"buildhost": "localhost", "compression": "gzip"},
	}
	raw, err := json.MarshalIndent(spec, "", "  ") // JSON is also YAML
	if err != nil {
		return err
	}
	config := filepath.Join(s.work, "nfpm-"+format+".yaml")
	if err := os.WriteFile(config, raw, 0o644); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", "run", "-trimpath", "-buildvcs=false", ".", "-config", config, "-format",
		format,
		"-out", filepath.Join(s.out, s.name(t)+"."+format))
	c.Dir = filepath.Join(s.src, "internal", "release", "packager")
	c.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "SOURCE_DATE_EPOCH="+s.epoch())
	_, err = ran(c)
	return err
}

// contents returns the files of a package.
func (s staging) contents(format, binary, held string) ([]content, error) {
	var all []content
	add := func(src, dst string, mode int) { all = append(all, s.file(src, dst, mode)) }
	add(binary, "/usr/bin/helpdesk", 0o755)
	units, err := filepath.Glob(filepath.Join(s.src, "examples", "systemd", "helpdesk-*"))
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		add(unit, "/usr/lib/systemd/system/"+filepath.Base(unit), 0o644)
	}
	add(filepath.Join(held, "sysusers.conf"), "/usr/lib/sysusers.d/helpdesk.conf", 0o644)
	add(filepath.Join(held, "tmpfiles.conf"), "/usr/lib/tmpfiles.d/helpdesk.conf", 0o644)
	zsh := "/usr/share/zsh/vendor-completions/"
	if format == "rpm" {
		zsh = "/usr/share/zsh/site-functions/"
	}
	completions := filepath.Join(s.work, "manual", "completions")
	add(filepath.Join(completions, "helpdesk.bash"), "/usr/share/bash-completion/completions/helpdesk", 0o644)
	add(filepath.Join(completions, "_helpdesk"), zsh+"_helpdesk", 0o644)
	add(filepath.Join(completions, "helpdesk.fish"), "/usr/share/fish/vendor_completions.d/helpdesk.fish", 0o644)
	pages, err := filepath.Glob(filepath.Join(s.work, "manual", "man", "*.1.gz"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		add(page, "/usr/share/man/man1/"+filepath.Base(page), 0o644)
	}
	const doc = "/usr/share/doc/helpdesk/"
	add(filepath.Join(s.src, "LICENSE"), doc+"copyright", 0o644)
	add(filepath.Join(s.src, "CHANGELOG.md.gz"), doc+"changelog.gz", 0o644)
	for _, folder := range []string{"docs", "examples"} {
		found, err := files(filepath.Join(s.src, folder), folder)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			add(e.from, doc+strings.TrimPrefix(e.name, "docs/"), 0o644)
		}
	}
	for _, name := range []string{"README.md", "README.ru.md", "SECURITY.md"} {
		if _, err := os.Stat(filepath.Join(s.src, name)); err == nil {
			add(filepath.Join(s.src, name), doc+name, 0o644)
		}
	}
	return all, nil
}

func (s staging) file(src, dst string, mode int) content {
	return content{Src: src, Dst: dst, Info: info{Mode: mode, MTime: s.stamp(), Owner: "root", Group: "root"}}
}
