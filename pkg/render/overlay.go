package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Overlay returns base with its files replaced, one by one, by those of the same name in over; nil replaces nothing.
func Overlay(base, over fs.FS) fs.FS {
	if over == nil {
		return base
	}
	return overlay{base: base, over: over}
}

type overlay struct{ base, over fs.FS }

// Open opens the file of over, or of base where over has none. Folders are those of base.
func (o overlay) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(o.over, name); err == nil && !info.IsDir() {
		return o.over.Open(name)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return o.base.Open(name)
}

// strays returns an error for each template or data file of over that replaces nothing: a mistyped name must not go
// unnoticed.
func (o overlay) strays(locale string) []error {
	var errs []error
	err := fs.WalkDir(o.over, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".tmpl") && !strings.HasSuffix(name, ".yaml") {
			return err
		}
		if _, err := fs.Stat(o.base, name); err == nil {
			return nil
		}
		hint := ""
		for _, near := range []string{path.Join(locale, path.Base(name)), path.Base(name)} {
			if _, err := fs.Stat(o.base, near); err == nil {
				hint = fmt.Sprintf("; did you mean %s?", near)
				break
			}
		}
		errs = append(errs, fmt.Errorf("%s: replaces no built-in file%s", name, hint))
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}
