package kmod

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// errNoModinfo: every module has this section, the kernel refuses one without.
var errNoModinfo = errors.New("no .modinfo section: not a kernel module")

// modinfo returns the .modinfo section of a module: "key=value" strings, each
// ended by NUL (include/linux/moduleparam.h of the kernel).
func modinfo(r io.ReaderAt) ([]byte, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil || section.Type == elf.SHT_NOBITS {
		return nil, errNoModinfo
	}
	return section.Data()
}

// describe fills m from .modinfo strings.
func (m *Module) describe(info []byte) error {
	var patterns []string
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		// Strings in between may be padded by more NULs.
		if len(entry) == 0 {
			continue
		}
		key, value, ok := strings.Cut(string(entry), "=")
		if !ok {
			return fmt.Errorf("the .modinfo entry %q has no =", entry)
		}
		// Our index and modprobe's are lines of text. Prose may hold anything, a
		// name with a control character comes from a damaged file.
		if kept[key] && strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("the .modinfo entry %q holds a control character", entry)
		}
		if key == "alias" && strings.ContainsAny(value, "*?[") {
			patterns = append(patterns, value)
			continue
		}
		m.set(key, value)
	}
	m.patterns = strings.Join(patterns, "\n")
	return nil
}

// kept are the keys that a Module holds.
var kept = map[string]bool{"depends": true, "softdep": true, "alias": true, "firmware": true, "parmtype": true}

func (m *Module) set(key, value string) {
	switch key {
	case "depends":
		for _, dep := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			m.Depends = append(m.Depends, Canonical(dep))
		}
	case "softdep":
		pre, post := softdep(value)
		m.Pre = append(m.Pre, pre...)
		m.Post = append(m.Post, post...)
	case "alias":
		if value != "" {
			m.Names = append(m.Names, value)
		}
	case "firmware":
		m.Firmware = append(m.Firmware, value)
	case "parmtype":
		name, _, _ := strings.Cut(value, ":")
		m.Params = append(m.Params, name)
	}
}

// softdep splits "pre: a b post: c" (modprobe.d(5)).
func softdep(value string) (pre, post []string) {
	list := &[]string{}
	for _, word := range strings.Fields(value) {
		switch word {
		case "pre:":
			list = &pre
		case "post:":
			list = &post
		default:
			*list = append(*list, word)
		}
	}
	return pre, post
}
