package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// outer returns the key around a key: a.b[0] → a.b → a → "".
func outer(key string) string {
	return key[:max(strings.LastIndexAny(key, ".["), 0)]
}

func hasName(known []field, name string) bool {
	return slices.ContainsFunc(known, func(f field) bool { return f.name == name })
}

// hint suggests what an unknown key may mean: the nearest key here, else a place that has this key, else the keys known
// here.
func (d *decoder) hint(key, name string, known []field) string {
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.name
	}
	near, meant := Nearest(name, names)
	if meant {
		d.broken[join(key, near)] = true // so that it is not reported as missing too
		return fmt.Sprintf("did you mean %q?", near)
	}
	if homes := whereKnown(reflect.TypeFor[Config](), "", name); len(homes) > 0 {
		return "it belongs to " + strings.Join(homes, " or ")
	}
	return fmt.Sprintf("nearest is %q; known here: %s", near, strings.Join(names, ", "))
}

// Nearest returns the name closest to an unknown one, and whether it is close enough to be meant. names must not be
// empty.
func Nearest(name string, names []string) (near string, meant bool) {
	near = slices.MinFunc(names, func(a, b string) int { return distance(name, a) - distance(name, b) })
	far := distance(name, near)
	return near, far <= max(2, len(near)/3) && far < len(near)
}

// whereKnown lists up to three keys whose mappings have the name.
func whereKnown(t reflect.Type, key, name string) []string {
	var homes []string
	for _, f := range fields(t) {
		if f.name == name && key != "" {
			homes = append(homes, key)
		}
		k, inner := join(key, f.name), t.Field(f.index).Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Slice {
				k += "[]"
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			homes = append(homes, whereKnown(inner, k, name)...)
		}
	}
	return homes[:min(len(homes), 3)]
}

// distance returns how many letters must be inserted, removed, replaced or swapped with the next one to turn a into b.
func distance(a, b string) int {
	s, t := []rune(strings.ToLower(a)), []rune(b)
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			change := 1
			if s[i-1] == t[j-1] {
				change = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+change)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
