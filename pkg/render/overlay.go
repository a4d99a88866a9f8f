package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helpdesk/pkg/glyph"
)

// Overlay returns base with single files replaced by those of the same name in over; with a nil over it returns base.
func Overlay(base, over fs.FS) fs.FS {
	if over == nil {
		return base
	}
	return overlay{base: base, over: over}
}

type overlay struct{ base, over fs.FS }

// Open opens the file in over, or in base if over does not contain it. Folders are always those of base.
func (o overlay) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(o.over, name); err == nil && !info.IsDir() {
		return o.over.Open(name)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return o.base.Open(name)
}

// mistakes returns an error for each file of over that replaces nothing, because its name may be mistyped, and for each
// file that is not UTF-8, which customers would see garbled.
func (o overlay) mistakes(locale string) []error {
	var errs []error
	err := fs.WalkDir(o.over, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case aside(path.Base(name)) && d.IsDir():
			return fs.SkipDir
		case d.IsDir() || aside(path.Base(name)):
			return nil
		case o.replaces(name):
			content, err := fs.ReadFile(o.over, name)
			if at := glyph.BadByte(content); at >= 0 {
				line := 1 + bytes.Count(content[:at], []byte("\n"))
				errs = append(errs, fmt.Errorf("%s:%d: is not UTF-8: save the file in that encoding", name, line))
			}
			return err
		}
		errs = append(errs, fmt.Errorf("%s: replaces no built-in file%s", name, o.near(name, locale)))
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

func (o overlay) replaces(name string) bool {
	if path.Dir(name) == "calendars" && path.Ext(name) == ".yaml" { // an additional list of days off
		return true
	}
	if folder, file := path.Split(name); folder != "" && o.isLanguage(path.Clean(folder)) {
		name = path.Join(modelLocale, file)
	}
	_, err := fs.Stat(o.base, name)
	return err == nil
}

// modelLocale is the folder that shows which files a language needs.
const modelLocale = "en"

// setupTexts contains the texts of the command init: only some languages have it.
const setupTexts = "setup.yaml"

// isLanguage reports whether a folder contains the texts of a language.
func (o overlay) isLanguage(folder string) bool {
	_, err := fs.Stat(o.over, path.Join(folder, "language.yaml"))
	return err == nil && path.Dir(folder) == "."
}

// aside reports whether a file's name shows that it is no template: hidden, an editor's copy, a picture, or left by
// Windows.
func aside(name string) bool {
	name = strings.ToLower(name)
	switch path.Ext(name) {
	case ".bak", ".png", ".jpg", ".jpeg", ".gif":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") ||
		name == "thumbs.db" || name == "desktop.ini"
}

// near suggests the built-in file that was probably meant: in another folder, with .tmpl, or without a suffix added by
// an editor.
func (o overlay) near(name, locale string) string {
	for _, n := range []string{name, name + ".tmpl", strings.TrimSuffix(name, path.Ext(name))} {
		for _, folder := range []string{path.Dir(n), locale, "."} {
			if near := path.Join(folder, path.Base(n)); path.Ext(near) != "" && o.replaces(near) {
				return fmt.Sprintf("; did you mean %s?", near)
			}
		}
	}
	return ""
}
