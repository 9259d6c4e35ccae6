package jobs

import (
	"reflect"
	"strings"
)

// A jobKey is a key of a job and the member that it names. The name of a map's
// ends in a full stop: what follows is a key in the map.
type jobKey struct {
	name  string
	index []int
	kind  reflect.Kind
}

func (k jobKey) shown() string {
	if k.kind == reflect.Map {
		return k.name + "…"
	}
	return k.name
}

// jobKeys lists the keys of a struct and of the structs in it, in their order. A
// struct that can also be said in one word is a key itself.
func jobKeys(t reflect.Type, prefix string) (keys []jobKey) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		k := jobKey{prefix + name, []int{i}, f.Type.Kind()}
		_, wordy := reflect.PointerTo(f.Type).MethodByName("UnmarshalYAML")
		if f.Type.Kind() != reflect.Struct || wordy {
			if k.kind == reflect.Map {
				k.name += "."
			}
			keys = append(keys, k)
		}
		if f.Type.Kind() != reflect.Struct {
			continue
		}
		for _, inner := range jobKeys(f.Type, k.name+".") {
			inner.index = append([]int{i}, inner.index...)
			keys = append(keys, inner)
		}
	}
	return keys
}
