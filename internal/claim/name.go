package claim

import (
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// name is what a disk or file is known by: one or more of these.
type name struct {
	// path is a device's, in the one spelling that all others are turned into.
	path string
	// serial is a disk's serial number, label that of a GPT partition.
	serial, label string
	// tag is anything else that stands for one thing: a file, the label of a file system.
	tag string
}

func nameOf(kind, what string) name { return name{tag: kind + " " + what} }

// source reads what a mount is made of; not ok where that is no device.
func source(text string) (n name, ok bool) {
	tag, value, _ := strings.Cut(text, "=")
	value = strings.Trim(value, `"`)
	switch tag {
	case "LABEL":
		return nameOf(tag, value), true
	case "UUID", "PARTUUID":
		return nameOf(tag, strings.ToLower(value)), true
	case "PARTLABEL":
		return name{label: value}, true
	}
	if array, ok := strings.CutPrefix(text, "array:"); ok {
		return name{path: "/dev/md/" + array}, true
	}
	if volume, ok := strings.CutPrefix(text, "lvm:"); ok {
		return name{path: "/dev/" + volume}, true
	}
	if strings.HasPrefix(text, "/") && strings.HasPrefix(path.Clean(text), "/dev/") {
		return device(path.Clean(text)), true
	}
	return name{}, false
}

// member reads what an array is made of: words that all must fit.
func member(text string) (n name) {
	for word := range strings.SplitSeq(text, ",") {
		if serial, ok := strings.CutPrefix(word, "serial="); ok {
			n.serial = serial
		} else if label, ok := strings.CutPrefix(word, "partlabel="); ok {
			n.label = label
		} else {
			d := device(path.Clean(word))
			n.path, n.tag = d.path, d.tag
			if d.label != "" {
				n.label = d.label
			}
		}
	}
	return n
}

// device turns the ways to spell a device's path into one: links that udev makes, what md and LVM call theirs
// (dm_split_lvm_name in libdm: hyphens of a name are doubled).
func device(p string) name {
	for dir, tag := range map[string]string{"label": "LABEL", "uuid": "UUID", "partuuid": "PARTUUID", "partlabel": "PARTLABEL"} {
		if value, ok := strings.CutPrefix(p, "/dev/disk/by-"+dir+"/"); ok {
			n, _ := source(tag + "=" + strings.ReplaceAll(value, `\x20`, " "))
			return n
		}
	}
	if array, ok := strings.CutPrefix(p, "/dev/md_"); ok {
		return name{path: "/dev/md/" + array}
	}
	if mapped, ok := strings.CutPrefix(p, "/dev/mapper/"); ok {
		const hyphen = "\x00"
		if group, volume, ok := strings.Cut(strings.ReplaceAll(mapped, "--", hyphen), "-"); ok && !strings.Contains(volume, "-") {
			return name{path: strings.ReplaceAll("/dev/"+group+"/"+volume, hyphen, "-")}
		}
	}
	return name{path: p}
}

// at is the name of what lies at a path: of a file, the file system that it lies in and where in it, so that one file
// is the same wherever its file system is mounted.
func (c *claims) at(p string) name {
	p = path.Clean(p)
	if strings.HasPrefix(p, "/dev/") {
		return device(p)
	}
	return nameOf("file", c.place(p))
}

// place is where a file lies.
func (c *claims) place(p string) string {
	const deepest = 8 // binds may lead in circles
	for range deepest {
		at := p
		for ; at != "/" && at != "."; at = path.Dir(at) { // what is not absolute is told by itself
			if _, ok := c.m.Mount[at]; ok {
				break
			}
		}
		m, ok := c.m.Mount[at]
		if !ok {
			return p
		}
		rest := strings.TrimPrefix(p, at)
		if !bind(m) {
			n, device := source(m.Source)
			if !device { // memory, a network's
				return at + ":" + rest
			}
			return strings.Join([]string{n.path, n.serial, n.label, n.tag, subvolume(m), rest}, ":")
		}
		p = path.Clean(m.Source + rest)
	}
	return p
}

func option(m spec.Mount, word string) bool {
	return slices.ContainsFunc(m.Options, func(list string) bool { return slices.Contains(strings.Split(list, ","), word) })
}

func bind(m spec.Mount) bool { return option(m, "bind") || option(m, "rbind") }

// subvolume is which part of a btrfs a mount shows.
func subvolume(m spec.Mount) string {
	for _, list := range m.Options {
		for word := range strings.SplitSeq(list, ",") {
			if strings.HasPrefix(word, "subvol") {
				return word
			}
		}
	}
	return ""
}
