package deb

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
)

// elfFile makes a shared object for x86-64 with a dynamic section and little else.
// needed and runPath are lists with commas; without any of them it is static.
func elfFile(interp, needed, runPath string) string {
	const header, section = 64, 64
	strs := []byte{0}
	add := func(s string) uint64 {
		at := len(strs)
		strs = append(append(strs, s...), 0)
		return uint64(at)
	}
	var dyn []elf.Dyn64
	for _, list := range []struct {
		tag  elf.DynTag
		text string
	}{{elf.DT_NEEDED, needed}, {elf.DT_RUNPATH, runPath}} {
		for _, s := range strings.FieldsFunc(list.text, func(r rune) bool { return r == ',' }) {
			dyn = append(dyn, elf.Dyn64{Tag: int64(list.tag), Val: add(s)})
		}
	}
	dyn = append(dyn, elf.Dyn64{Tag: int64(elf.DT_NULL)})

	var body bytes.Buffer
	at := func() uint64 { return uint64(header + 56 + body.Len()) }
	put := func(v any) {
		if err := binary.Write(&body, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	interpAt := at()
	put([]byte(interp + "\x00"))
	strAt := at()
	put(strs)
	dynAt := at()
	put(dyn)
	sections := []elf.Section64{
		{},
		{Type: uint32(elf.SHT_STRTAB), Off: strAt, Size: uint64(len(strs))},
		{Type: uint32(elf.SHT_DYNAMIC), Off: dynAt, Size: uint64(16 * len(dyn)), Link: 1, Entsize: 16},
	}
	sectionsAt := at()
	put(sections)

	h := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: header, Shoff: sectionsAt,
		Ehsize: header, Phentsize: 56, Phnum: 1, Shentsize: section, Shnum: uint16(len(sections)), Shstrndx: 1}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	p := elf.Prog64{Type: uint32(elf.PT_NULL)}
	if interp != "" {
		p = elf.Prog64{Type: uint32(elf.PT_INTERP), Off: interpAt, Filesz: uint64(len(interp) + 1)}
	}
	var out bytes.Buffer
	for _, v := range []any{h, p} {
		if err := binary.Write(&out, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	out.Write(body.Bytes())
	return out.String()
}

func TestDynamic(t *testing.T) {
	module := []byte(elfFile("", "x", ""))
	module[16] = byte(elf.ET_REL)
	for _, test := range []struct {
		name, body string
		want       *ELF
	}{
		{"program", elfFile("/lib64/ld.so", "liba.so,libb.so", "/x:$ORIGIN/y"),
			&ELF{"/lib64/ld.so", []string{"liba.so", "libb.so"}, []string{"/x", "$ORIGIN/y"}}},
		{"library", elfFile("", "libc.so", ""), &ELF{Needed: []string{"libc.so"}}},
		{"static", elfFile("", "", ""), nil},
		{"kernel module", string(module), nil},
		{"text", "not an ELF file at all, but long enough", nil},
		{"empty", "", nil},
	} {
		got, err := dynamic(strings.NewReader(test.body))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, %v, want %+v", test.name, got, err, test.want)
		}
	}
	if _, err := dynamic(strings.NewReader(elfFile("/l", "x", "")[:100])); err == nil {
		t.Error("half a file gives no error")
	}
}

func TestScript(t *testing.T) {
	for head, want := range map[string]string{
		"#!/bin/sh\necho":          "/bin/sh",
		"#! /usr/bin/env  python3": "/usr/bin/env python3",
		"#!/usr/bin/perl -w\r\n":   "/usr/bin/perl -w",
		"echo":                     "",
		"":                         "",
	} {
		if got := script([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
	for line, want := range map[string]string{
		"/usr/bin/env python3": "python3", "/usr/bin/env -S A=1 perl -w": "perl", "/bin/sh -e": "/bin/sh", "": "",
	} {
		if got := interpreter(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// Whatever a package's file is, what it asks for is read or refused; nothing falls over.
func FuzzDynamic(f *testing.F) {
	f.Add([]byte(elfFile("/lib64/ld-linux-x86-64.so.2", "libc.so.6,libm.so.6", "/opt/lib:/usr/lib")))
	f.Add([]byte(elfFile("", "", "")))
	f.Add([]byte("#! /bin/sh -e\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := dynamic(bytes.NewReader(b))
		if err != nil && e != nil {
			t.Errorf("%+v and %v", e, err)
		}
		if e != nil && e.Interp == "" && len(e.Needed) == 0 {
			t.Errorf("a file that asks for nothing: %+v", e)
		}
		if line := script(b); strings.ContainsAny(line, "\n\t\r") || line != strings.TrimSpace(line) {
			t.Errorf("the interpreter is %q", line)
		}
	})
}
