package config

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// mapping decodes a mapping. It looks at all keys first, then at the values in the order of the schema.
func (d *decoder) mapping(key string, n ast.Node, v reflect.Value) {
	n, ok := d.node(key, n)
	if !ok {
		return
	}
	entries, ok := pairs(n)
	if !ok {
		d.bad(key, "must be a mapping: key: value")
		return
	}
	known := fields(v.Type())
	given := d.names(key, entries, known)
	for _, f := range known {
		k := join(key, f.name)
		if e := given[f.name]; e != nil {
			d.value(k, e.Value, v.Field(f.index), f.tag)
		}
		if f.tag.Get("need") == "yes" && !d.faulty(k) && empty(v.Field(f.index), given[f.name]) {
			d.missing(k, given[f.name] != nil)
		}
	}
}

// names sorts the entries by their keys and reports unknown and repeated keys.
func (d *decoder) names(key string, entries []*ast.MappingValueNode, known []field) map[string]*ast.MappingValueNode {
	given := map[string]*ast.MappingValueNode{}
	for _, e := range entries {
		name := e.Key.GetToken().Value
		k := join(key, name)
		p := place{e.Key.GetToken().Position, start(e.Value)}
		switch {
		case e.Key.IsMergeKey():
			d.at(p.key, key, "merge keys (<<) are not used here: name the settings one by one, or use an alias for a "+
				"whole value")
		case !hasName(known, name):
			d.at(p.key, k, "unknown key, %s", d.hint(key, name, known))
		case given[name] != nil:
			d.at(p.key, k, "given twice, first in line %d", given[name].Key.GetToken().Position.Line)
		default:
			given[name] = e
			d.places[k] = p
		}
	}
	return given
}

// pairs returns the entries of a mapping; an empty node is an empty mapping.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil, true
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// empty reports whether a required key has no value. A default is a value, and so is a mapping that is given.
func empty(v reflect.Value, given *ast.MappingValueNode) bool {
	switch v.Kind() {
	case reflect.Struct:
		return given == nil || isNull(given.Value, "")
	case reflect.Slice:
		return v.Len() == 0
	}
	return v.IsZero()
}

func (d *decoder) missing(key string, given bool) {
	if given {
		d.bad(key, "must not be empty")
		return
	}
	d.bad(key, "missing, but required")
}

// faulty reports whether a key, or a key around it, has a mistake already.
func (d *decoder) faulty(key string) bool {
	for key != "" {
		if d.broken[key] {
			return true
		}
		key = outer(key)
	}
	return false
}

// table decodes a mapping with free keys: texts by names that must begin with the prefix in the tag keys.
func (d *decoder) table(key string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	entries, ok := pairs(n)
	if !ok {
		d.bad(key, "must be a mapping: NAME: value")
		return
	}
	begin := tag.Get("keys")
	for _, e := range entries {
		name := e.Key.GetToken().Value
		k := join(key, name)
		d.places[k] = place{e.Key.GetToken().Position, start(e.Value)}
		value := reflect.New(v.Type().Elem()).Elem()
		switch {
		case e.Key.IsMergeKey() || !strings.HasPrefix(name, begin):
			d.at(e.Key.GetToken().Position, key, "a name here begins with %s", begin)
		case v.IsValid() && !v.IsNil() && v.MapIndex(reflect.ValueOf(name)).IsValid():
			d.at(e.Key.GetToken().Position, k, "given twice")
		default:
			d.value(k, e.Value, value, tag)
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(reflect.ValueOf(name), value)
		}
	}
}
