package config

import (
	"fmt"
	"reflect"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder walks the tree of a file along the schema and collects every mistake. The library's own decoder would stop at
// the first one.
type decoder struct {
	file     string
	folder   string
	env      func(string) (string, bool)
	offline  bool // secrets may be missing
	anchors  map[string]ast.Node
	places   map[string]place // of every key given
	broken   map[string]bool  // keys with a mistake: they get no second one
	mistakes Mistakes
	config   *Config // the result
}

// place is the position of a key and of its value.
type place struct{ key, value *token.Position }

// field is one key of the schema.
type field struct {
	name  string
	index int
	tag   reflect.StructTag
}

func fields(t reflect.Type) []field {
	list := make([]field, t.NumField())
	for i := range list {
		f := t.Field(i)
		list[i] = field{name: f.Tag.Get("yaml"), index: i, tag: f.Tag}
	}
	return list
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// at records a mistake at a position.
func (d *decoder) at(p *token.Position, key, format string, args ...any) {
	m := Mistake{File: d.file, Line: 1, Column: 1, Key: key, Message: fmt.Sprintf(format, args...)}
	if p != nil {
		m.Line, m.Column = p.Line, p.Column
	}
	d.mistakes = append(d.mistakes, m)
	d.broken[key] = true
}

// bad records a mistake at a key's value, or, if the key is not given, at the nearest key around it.
func (d *decoder) bad(key, format string, args ...any) {
	if p, ok := d.places[key]; ok {
		d.at(p.value, key, format, args...)
		return
	}
	d.at(d.holder(key), key, format, args...)
}

// holder returns the position of the nearest given key around a key.
func (d *decoder) holder(key string) *token.Position {
	for key != "" {
		key = outer(key)
		if p, ok := d.places[key]; ok && p.key != nil {
			return p.key
		}
	}
	return nil
}

// node resolves anchors and aliases; ok is false if that fails.
func (d *decoder) node(key string, n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.AnchorNode:
		d.anchors[n.Name.GetToken().Value] = n.Value
		return d.node(key, n.Value)
	case *ast.AliasNode:
		target, ok := d.anchors[n.Value.GetToken().Value]
		if !ok {
			d.bad(key, "the anchor of this alias is not defined above")
		}
		return target, ok
	case *ast.TagNode:
		d.bad(key, "tags (!…) are not used here")
		return nil, false
	}
	return n, true
}

// value decodes one value. A null value leaves the default.
func (d *decoder) value(key string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	n, ok := d.node(key, n)
	if !ok || isNull(n, tag) {
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		setDefaults(fresh)
		d.value(key, n, fresh.Elem(), tag)
		v.Set(fresh)
	case v.Kind() == reflect.Struct:
		d.mapping(key, n, v)
	case v.Kind() == reflect.Slice:
		d.slice(key, n, v, tag)
	case v.Kind() == reflect.Map:
		d.table(key, n, v, tag)
	default:
		d.scalar(key, n, v, tag)
	}
}

// isNull reports whether a value is left out. QUIRK: envelope_from: null is a word of ours and, unquoted, YAML's null.
func isNull(n ast.Node, tag reflect.StructTag) bool {
	if n == nil {
		return true
	}
	_, null := n.(*ast.NullNode)
	return null && (tag.Get("null") != "text" || n.GetToken().Value != "null")
}

func setDefaults(v reflect.Value) {
	if f, ok := v.Interface().(defaulter); ok {
		f.defaults()
	}
}

func (d *decoder) slice(key string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	values, ok := entries(n, tag)
	if !ok {
		d.bad(key, "must be a list: %s", listHint(v.Type().Elem()))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(values), len(values))
	for i, n := range values {
		k := fmt.Sprintf("%s[%d]", key, i)
		d.places[k] = place{start(n), start(n)}
		setDefaults(list.Index(i).Addr())
		if m, ok := list.Index(i).Addr().Interface().(*Mailbox); ok {
			m.Letters = d.config.Letters
		}
		if isNull(n, tag) {
			d.bad(k, "is empty")
			continue
		}
		d.value(k, n, list.Index(i), tag)
		if e := list.Index(i); e.Kind() == reflect.String && e.String() == "" && !d.broken[k] {
			d.bad(k, "is empty")
		}
	}
	v.Set(list)
}

// entries returns the entries of a list. If the schema allows it, a single value is a list of one.
func entries(n ast.Node, tag reflect.StructTag) ([]ast.Node, bool) {
	if seq, ok := n.(*ast.SequenceNode); ok {
		return seq.Values, true
	}
	if _, _, ok := literal(n); ok && tag.Get("one") == "yes" {
		return []ast.Node{n}, true
	}
	return nil, false
}

func listHint(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Struct:
		return "each entry begins with a dash"
	case t.Kind() == reflect.Int64 && t != reflect.TypeFor[time.Duration]():
		return "[1, 2]"
	}
	return `["a", "b"]`
}

// start returns the position of a node. QUIRK: goccy/go-yaml gives a block mapping the position of its first colon.
func start(n ast.Node) *token.Position {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken().Position
	}
	return n.GetToken().Position
}
