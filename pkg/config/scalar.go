package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// scalar decodes a single value. A text may contain ${…}, and a number may come from one.
func (d *decoder) scalar(key string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	text, quoted, ok := literal(n)
	if !ok {
		d.bad(key, "must be %s, not a list or a mapping", wanted(v, tag))
		return
	}
	isText := quoted || tag.Get("null") == "text"
	if v.Kind() == reflect.String && !isText {
		d.bad(key, "must be a text: put it in quotes")
		return
	}
	expanded, err := d.expand(text, isText)
	if errors.As(err, new(outOfReach)) && d.offline && tag.Get("secret") == "yes" {
		d.broken[key] = true // so that it is not reported as missing too
		return
	}
	if err != nil {
		d.bad(key, "%s", err)
		return
	}
	withUnit := v.Type() == reflect.TypeFor[time.Duration]() || tag.Get("unit") != ""
	if quoted && expanded == text && v.Kind() != reflect.String && !withUnit {
		d.bad(key, "must be %s", wanted(v, tag))
		return
	}
	if err := set(v, expanded, tag); err != nil {
		d.bad(key, "must be %s", wanted(v, tag))
		return
	}
	if m := limits(v, tag); m != "" {
		d.bad(key, "%s", m)
		return
	}
	if v.Kind() == reflect.String {
		d.text(key, v, tag)
	}
}

// text resolves and checks a text.
func (d *decoder) text(key string, v reflect.Value, tag reflect.StructTag) {
	s := v.String()
	if tag.Get("file") == "yes" {
		s = d.path(s)
		v.SetString(s)
	}
	if words := tag.Get("enum"); words != "" {
		if list := strings.Split(words, "|"); !slices.Contains(list, s) {
			d.bad(key, "must be one of %s", strings.TrimPrefix(strings.Join(list, ", "), ", "))
		}
	}
	if form := tag.Get("is"); form != "" && s != "" {
		if m := forms[form](s); m != "" {
			d.bad(key, "%s", m)
		}
	}
}

// path resolves a path relative to the folder of the configuration file; an empty one stays empty.
func (d *decoder) path(s string) string {
	if s == "" || filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(d.folder, s)
}

// literal returns the text of a scalar, and whether YAML reads it as a text, not as a number or a boolean.
func literal(n ast.Node) (text string, isText, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true, true
	case *ast.LiteralNode:
		return n.Value.Value, true, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.NullNode:
		return n.GetToken().Value, false, true
	}
	return "", false, false
}

// set parses a text into a value by the value's type.
func set(v reflect.Value, text string, tag reflect.StructTag) error {
	var err error
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		var x time.Duration
		x, err = parseDuration(text)
		v.SetInt(int64(x))
	case tag.Get("unit") == "bytes":
		var x int64
		x, err = parseSize(text)
		v.SetInt(x)
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			err = errors.New("neither true nor false")
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(text, 64)
		v.SetFloat(x)
	default:
		var x int64
		x, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(x)
	}
	return err
}

func wanted(v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return "a time with its unit: 60s, 15m, 72h, 30d"
	case tag.Get("unit") == "bytes":
		return "a size with its unit: 500kB, 20MB, 1GiB"
	case v.Kind() == reflect.String:
		return "a text"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.Kind() == reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// limits returns what is wrong with a value outside min and max.
func limits(v reflect.Value, tag reflect.StructTag) string {
	low, high := tag.Get("min"), tag.Get("max")
	less := func(a, b reflect.Value) bool {
		if a.CanInt() {
			return a.Int() < b.Int()
		}
		return a.CanFloat() && !(a.Float() >= b.Float())
	}
	bound := func(text string) (reflect.Value, bool) {
		x := reflect.New(v.Type()).Elem()
		return x, text != "" && set(x, text, tag) == nil
	}
	if b, ok := bound(low); ok && less(v, b) {
		return "must be at least " + low
	}
	if b, ok := bound(high); ok && less(b, v) {
		return "must be at most " + high
	}
	return ""
}
