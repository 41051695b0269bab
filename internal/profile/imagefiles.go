package profile

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// ImageFile is a file that a key names and that the box has from its image.
type ImageFile struct {
	Key, Path string
	// Program is for what is executed, Directory for what others are written to: a file will do as well.
	Program, Directory bool
	// Instead is what is accepted where nothing brings it; empty for what is usual.
	Instead string
}

// Places are where it may lie: a program that is called by its name alone is looked for.
func (f ImageFile) Places() []string {
	if path.IsAbs(f.Path) {
		return []string{f.Path}
	}
	var places []string
	for dir := range strings.SplitSeq(spec.SearchPath, ":") {
		places = append(places, path.Join(dir, f.Path))
	}
	return places
}

// madeAtBoot are places where a box makes files itself.
var madeAtBoot = []string{"/dev", "/proc", "/run", "/sys", "/tmp"}

// ImageFiles are those that the schema calls so: by the tag image:"program", of a list its first word, image:"directory", of a list all
// words, and image:"file", with "unless KEY" where the box makes the file when that key beside it is given. The places of the profile's mounts are left out: what
// lies there nobody knows before they are mounted.
func (p *Profile) ImageFiles() (files []ImageFile) {
	var walk func(v reflect.Value, key, tag string)
	walk = func(v reflect.Value, key, tag string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem(), key, tag)
			}
		case reflect.Map:
			names := map[string]reflect.Value{}
			for _, k := range v.MapKeys() {
				names[k.String()] = v.MapIndex(k)
			}
			for _, name := range slices.Sorted(maps.Keys(names)) {
				walk(names[name], problem.JoinKey(key, name), "")
			}
		case reflect.Struct:
			if _, from, is := partsOf(v); is {
				walk(reflect.ValueOf(from.File), key, tag)
				return
			}
			for _, f := range reflect.VisibleFields(v.Type()) {
				word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if !f.IsExported() || f.Anonymous || word == "" {
					continue
				}
				tag, made, _ := strings.Cut(f.Tag.Get("image"), " unless ")
				if made != "" && !field(v, made).IsZero() {
					continue
				}
				walk(v.FieldByIndex(f.Index), problem.JoinKey(key, word), tag)
			}
		case reflect.Slice:
			for i := range v.Len() {
				switch {
				case tag == "directory":
					walk(v.Index(i), problem.JoinIndex(key, i), tag)
				case tag != "" && i == 0:
					walk(v.Index(i), key, tag)
				}
			}
		case reflect.String:
			f := ImageFile{Key: key, Path: v.String(), Program: tag == "program", Directory: tag == "directory"}
			if tag != "" && (path.IsAbs(f.Path) || f.Program && f.Path != "" && !strings.ContainsAny(f.Path, "/ ")) && !p.Elsewhere(f) {
				files = append(files, f)
			}
		}
	}
	walk(reflect.ValueOf(p).Elem(), "", "")
	if u := p.Update; u != nil && u.Source != "" && u.CA == "" {
		files = append(files, ImageFile{Key: "update.source", Path: spec.Authorities,
			Instead: `update.ca with a certificate by which its server is known, or [packages.ca-certificates] with files = ["/usr/share/ca-certificates/mozilla/*.crt"]`})
	}
	return files
}

// field is that of a key in a struct.
func field(v reflect.Value, key string) reflect.Value {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if word, _, _ := strings.Cut(f.Tag.Get("json"), ","); word == key && !f.Anonymous {
			return v.FieldByIndex(f.Index)
		}
	}
	panic("BUG: no key " + key + " in " + v.Type().Name())
}

// Elsewhere says whether a file's place is that of a mount, or of what a box makes at boot.
func (p *Profile) Elsewhere(file ImageFile) bool {
	for dir := path.Clean(file.Path); dir != "/" && dir != "."; dir = path.Dir(dir) {
		if _, mounted := p.Mount[dir]; mounted || !file.Program && slices.Contains(madeAtBoot, dir) {
			return true
		}
	}
	return false
}
