package wiring

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/config"
	"helpdesk/pkg/version"
)

// Try compiles all settings and templates as a pass does, and returns the mistakes.
func Try(cfg *config.Config) error {
	_, err := Kit(cfg)
	_, cerr := Cutter(cfg)
	_, werr := namedWords(cfg.Templates)
	_, aerr := Alarms(cfg)
	if err = errors.Join(err, cerr, werr, aerr); err != nil {
		return exit.Usage(err)
	}
	return nil
}

// trial is the stored result of the last Try.
type trial struct {
	Of  string `json:"of"`            // hash of the settings and files
	Err string `json:"err,omitempty"` // the mistakes
}

// Try returns the stored result of Try, or calls it if the settings or files have changed.
func (p *Parts) Try(cfg *config.Config) error {
	const mark = "tried"
	of, err := impression(cfg)
	if err != nil {
		return exit.Usage(err)
	}
	var was trial
	if raw := p.found.load(mark, 0); raw == nil || json.Unmarshal(raw, &was) != nil || was.Of != of {
		was = trial{Of: of}
		if err := Try(cfg); err != nil {
			was.Err = err.Error()
		}
		if raw, err := json.Marshal(was); err == nil {
			p.found.save(mark, raw)
		}
	}
	if was.Err != "" {
		return exit.Usage(errors.New(was.Err))
	}
	return nil
}

// impression returns a hash of the program's version, the settings, and the sizes and times of their files.
func impression(cfg *config.Config) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, version.Get())
	spell(h, reflect.ValueOf(cfg))
	roots := []string{cfg.Templates, cfg.Letters.Logo}
	for _, m := range cfg.Mailboxes {
		if !slices.Contains(roots, m.Letters.Logo) {
			roots = append(roots, m.Letters.Logo)
		}
	}
	for _, root := range roots {
		if root == "" {
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Stat(path) // follows links
			if err == nil {
				fmt.Fprintf(h, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// spell writes settings in a form that differs between different settings. It is used instead of encoding/json, which
// would first build an encoder for each type.
func spell(w io.Writer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			fmt.Fprint(w, "nil ")
			return
		}
		spell(w, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			spell(w, v.Field(i))
		}
	case reflect.Slice:
		fmt.Fprint(w, v.Len(), " ")
		for i := range v.Len() {
			spell(w, v.Index(i))
		}
	case reflect.String:
		fmt.Fprintf(w, "%q ", v.String())
	default: // numbers; fmt sorts maps
		fmt.Fprintf(w, "%#v ", v)
	}
}
