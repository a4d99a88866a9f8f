package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// entry is a file of an archive.
type entry struct {
	name, from string
	mode       fs.FileMode
}

// archive writes the archive for a target: the program, its manual pages and completions, examples and documents.
func (s staging) archive(t target, binary string) error {
	all := []entry{{"helpdesk" + filepath.Ext(binary), binary, 0o755}}
	for _, f := range []string{"LICENSE", "README.md", "README.ru.md", "CHANGELOG.md", "SECURITY.md"} {
		if _, err := os.Stat(filepath.Join(s.src, f)); err == nil {
			all = append(all, entry{f, filepath.Join(s.src, f), 0o644})
		}
	}
	folders := map[string]string{"docs": filepath.Join(s.src, "docs"), "examples": filepath.Join(s.src, "examples")}
	if t.os != "windows" {
		folders["man"], folders["completions"] = filepath.Join(s.work, "manual", "man"), filepath.Join(s.work,
			"manual", "completions")
	}
	for _, as := range []string{"completions", "docs", "examples", "man"} {
		if folders[as] == "" {
			continue
		}
		found, err := files(folders[as], as)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	if t.os == "windows" {
		return s.zip(s.name(t), all)
	}
	return s.tar(s.name(t), all)
}

// files returns the files below a folder, sorted by name.
func files(dir, as string) (all []entry, err error) {
	err = filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(file, ".gz") {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		all = append(all, entry{path.Join(as, filepath.ToSlash(rel)), file, 0o644})
		return err
	})
	return all, err
}

func (s staging) tar(name string, all []entry) (err error) {
	f, err := os.Create(filepath.Join(s.out, name+".tar.gz"))
	if err != nil {
		return err
	}
	z, _ := gzip.NewWriterLevel(f, gzip.BestCompression)
	t := tar.NewWriter(z)
	defer func() { err = errors.Join(err, t.Close(), z.Close(), f.Close()) }()
	for _, e := range all {
		raw, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: path.Join(name, e.name), Mode: int64(e.mode), Size: int64(len(raw)), ModTime: s.at,
			Typeflag: tar.TypeReg,
			Uname:    "root", Gname: "root", Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

func (s staging) zip(name string, all []entry) (err error) {
	f, err := os.Create(filepath.Join(s.out, name+".zip"))
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	defer func() { err = errors.Join(err, z.Close(), f.Close()) }()
	for _, e := range all {
		raw, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: path.Join(name, e.name), Method: zip.Deflate, Modified: s.at.UTC()}
		h.SetMode(e.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// sums writes the checksums of all files in the folder, in the format of sha256sum -c.
func sums(dir string) error {
	const list = "SHA256SUMS"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		if e.IsDir() || e.Name() == list {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(raw), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, list), []byte(b.String()), 0o644)
}
