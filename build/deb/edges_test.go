package deb

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arOf makes an ar archive of names and contents in turn.
func arOf(parts ...string) string {
	var b strings.Builder
	b.WriteString("!<arch>\n")
	for i := 0; i < len(parts); i += 2 {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", parts[i], 0, 0, 0, "100644", len(parts[i+1]), parts[i+1])
		if len(parts[i+1])%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// A .deb as deb(5) has it, to its last byte.
func TestArchiveEdges(t *testing.T) {
	good := arOf("debian-binary", "2.0\n", "control.tar.xz/", "odd", "data.tar.xz", "data!")
	for name, tt := range map[string]struct{ text, member, err string }{
		"as it is":             {good, "data!", ""},
		"without the padding":  {strings.TrimSuffix(good, "\n"), "data!", ""},
		"a byte too few":       {good[:len(good)-2], "", `bad size of member "data.tar.xz"`},
		"half a header":        {good + strings.Repeat(" ", 30), "", "ends within a header"},
		"no archive":           {"!<arch>?" + good[8:], "", "no ar archive"},
		"seven bytes":          {good[:7], "", "no ar archive"},
		"nothing in it":        {good[:8], "", "no package"},
		"another first member": {arOf("control.tar", "", "debian-binary", "2.0\n"), "", "no package"},
		"version 3":            {arOf("debian-binary", "3.0\n", "data.tar", "x"), "", `unknown package format "3.0\n"`},
		"version 2.1":          {arOf("debian-binary", "2.1\n", "data.tar", "x"), "x", ""},
		"half a version":       {arOf("debian-binary", "2", "data.tar", "x"), "", "unknown package format"},
		"no data":              {arOf("debian-binary", "2.0\n", "control.tar", "x"), "", "no data.tar"},
		"a bad header's end":   {strings.Replace(good, "`\n", "`\r", 1), "", "bad header at byte 8"},
		"a size below zero":    {strings.Replace(good, "4         `", "-1        `", 1), "", `bad size of member "debian-binary" at byte 8`},
		"no size":              {strings.Replace(good, "4         `", "x         `", 1), "", `bad size of member "debian-binary"`},
	} {
		m, err := findMember(strings.NewReader(tt.text), int64(len(tt.text)), dataTar)
		got := ""
		if err == nil {
			got = tt.text[m.Offset : m.Offset+m.Size]
		}
		if got != tt.member || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, tt.member, tt.err)
		}
	}
}

// A record counts with all that pins a package, and not without a part of it.
func TestRecordsEdges(t *testing.T) {
	whole := stanza{"package": "a", "version": "1", "architecture": "amd64", "size": "7", "sha256": hash}
	if p, err := whole.pkg(); err != nil || p != (Package{"a", "1", "amd64", hash, 7, "a_1_amd64.deb"}) {
		t.Errorf("%+v, %v", p, err)
	}
	for field, bad := range map[string]string{"package": "", "version": "", "architecture": "", "size": "x", "sha256": hash[:63]} {
		s := stanza{}
		for k, v := range whole {
			s[k] = v
		}
		s[field] = bad
		if p, err := s.pkg(); err == nil || p != (Package{}) {
			t.Errorf("%s is %q: %+v", field, bad, p)
		}
	}
	for s, want := range map[string]bool{hash: true, hash[1:]: false, hash + "0": false, strings.ToUpper(hash): false, strings.Repeat("g", 64): false, strings.Repeat("0", 64): true} {
		if isSHA256(s) != want {
			t.Errorf("%s is a hash: %v", s, !want)
		}
	}
	all := records{{"package": "a", "version": "1"}, {"package": "a", "version": "2", "filename": "f"}, {"package": "a", "version": "3", "filename": "g"}, {"package": "b", "version": "3", "filename": "h"}}
	for _, tt := range []struct{ name, version, want string }{{"a", "", "f"}, {"a", "3", "g"}, {"a", "1", ""}, {"a", "4", ""}, {"b", "", "h"}, {"c", "", ""}} {
		if s, ok := all.find(tt.name, tt.version); s["filename"] != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %s: %v, %v", tt.name, tt.version, s, ok)
		}
	}
	if got := fileName(Package{Name: "a_b%", Version: "1:2", Arch: "all"}); got != "a%5fb%25_1%3a2_all.deb" {
		t.Error(got)
	}
	for name, text := range map[string]string{"two": "A: 1\n\t\nB: 2", "blank lines": "\n\n \nA: 1\r\n\n\nB: 2\n"} {
		if all, err := parseControl([]byte(text)); err != nil || len(all) != 2 || all[0]["a"] != "1" || all[1]["b"] != "2" {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
	if _, err := parseControl([]byte("A: 1\n\nB\n")); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("%v", err)
	}
	if _, err := parseControl([]byte("A: " + strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line without end was read")
	}
	for e, want := range map[error]string{
		&NoPackageError{Name: "x"}: "no package x in the sources of /etc/apt", &NoPackageError{"x", []string{"y", "z"}}: "no package x in the sources of /etc/apt; did you mean y, z?",
		&GoneError{Package: Package{Name: "x", Version: "1"}}: "x 1 is gone from the mirror, and no other version is there", &GoneError{Package{Name: "x", Version: "1"}, "2"}: "x 1 is gone from the mirror, which has 2 now",
	} {
		if e.Error() != want {
			t.Errorf("%q", e)
		}
	}
}

// Who runs a script, and where a library is looked for, as env(1) and ld.so(8) have it.
func TestNeedsEdges(t *testing.T) {
	for line, want := range map[string]string{"": "", "/bin/sh -e": "/bin/sh", "/usr/bin/env perl": "perl", "/usr/bin/env -S A=b perl -w": "perl", "/usr/bin/env": "/usr/bin/env", "env -i X=1": "env", "/opt/environment x": "/opt/environment"} {
		if got := interpreter(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	order := []Tree{pkg("lib", "usr/lib/x.so", gnu+"x.so", "usr/lib64/x.so", "opt/x.so", "usr/lib/y.so", "usr/lib64/z.so", "opt/lib/x86_64-linux-gnu/w.so"),
		pkg("p", "usr/bin/plain < x.so", "usr/bin/run < x.so @ /opt", "usr/bin/relative < x.so @ opt::/none:/opt", "usr/bin/y < y.so", "usr/bin/z < z.so", "usr/bin/path < /opt/x.so", "usr/bin/origin < x.so @ ${ORIGIN}/../../opt", "usr/bin/lib < w.so @ /opt/$LIB", "usr/bin/braces < w.so @ /opt/${LIB}",
			"usr/bin/sh-script #! sh", "usr/bin/real-sh #! /bin/sh", "usr/bin/usr-sh #! /usr/bin/sh", "usr/sbin/tool", "usr/bin/by-name #! /usr/bin/env tool")}
	for program, want := range map[string]string{"plain": gnu + "x.so", "run": "opt/x.so", "relative": "opt/x.so", "y": "usr/lib/y.so", "z": "usr/lib64/z.so", "path": "opt/x.so", "origin": "opt/x.so", "lib": "opt/lib/x86_64-linux-gnu/w.so", "braces": "opt/lib/x86_64-linux-gnu/w.so", "sh-script": "", "real-sh": "", "usr-sh": "", "by-name": "usr/sbin/tool"} {
		picks, err := Closure(order, []string{"/usr/bin/" + program})
		got := slices.DeleteFunc(paths(picks), func(p string) bool { return p == "usr/bin/"+program })
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%s needs %q, %v; want %q", program, got, err, want)
		}
	}
	for path, want := range map[string]string{"/bin/x": "usr/bin/x", "lib64": "usr/lib64", "/libx32/a": "usr/libx32/a", "/binary": "binary", "../../etc": "etc", "/": ".", "": ".", "/usr/../sbin": "usr/sbin", "lib32/x": "usr/lib32/x", "./lib/y": "usr/lib/y"} {
		if got := canonical(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]bool{"/x": true, "..": true, "../x": true, "a/../..": true, "a/../../x": true, "a/..": false, "./x": false, "..x": false, "": false} {
		if leaves(path) != want {
			t.Errorf("%q leaves: %v", path, !want)
		}
	}
	for head, want := range map[string]string{"#!/bin/sh": "/bin/sh", "#! a  b \nrest": "a b", "#!\n": "", "# /bin/sh": "", "": ""} {
		if got := script([]byte(head)); got != want {
			t.Errorf("%q: %q", head, got)
		}
	}
	// As many links as the kernel follows, and not one more.
	for n, ok := range map[int]bool{maxLinks: true, maxLinks + 1: false} {
		entries := []string{"end"}
		for i := range n {
			to := fmt.Sprintf("l%d", i+1)
			if i == n-1 {
				to = "end"
			}
			entries = append(entries, fmt.Sprintf("l%d -> %s", i, to))
		}
		if _, target, got := merge([]Tree{pkg("p", entries...)}).resolve("l0"); got != ok || ok && target != "end" {
			t.Errorf("%d links lead to %q, %v", n, target, got)
		}
	}
	m := merge([]Tree{pkg("p", "a/b/c", "a-b", "ab/c")})
	if got := m.below("a"); !slices.Equal(got, []string{"a/b/c"}) || !m.holds("a") || m.holds("a/b/c") || m.holds("b") {
		t.Errorf("below a there is %q", got)
	}
	if got := m.below("."); len(got) != 3 {
		t.Errorf("everything is %q", got)
	}
}

// The state that apt believes is its lists and its own file of them, with names and kinds; not its lock, nor what it goes on with.
func TestSumOfState(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, text string) {
		if err := errors.Join(os.MkdirAll(filepath.Dir(at(name)), 0o755), os.WriteFile(at(name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	last := ""
	step := func(what string, differs bool) {
		t.Helper()
		now, err := sumOfState(dir)
		if err != nil || (now != last) != differs {
			t.Errorf("%s: it differs: %v, %v", what, now != last, err)
		}
		last = now
	}
	step("nothing", true)
	put("state/lists/a", "1")
	step("a list", true)
	step("the same", false)
	put("state/lists/a", "2")
	step("another content", true)
	put("cache/pkgcache.bin", "x")
	step("apt's file", true)
	for _, name := range []string{"state/lists/lock", "state/lists/partial/b", "cache/srcpkgcache.bin", "state/other"} {
		put(name, "x")
		step(name, false)
	}
	if err := os.Rename(at("state/lists/a"), at("state/lists/c")); err != nil {
		t.Fatal(err)
	}
	step("another name", true)
	if err := errors.Join(os.Remove(at("state/lists/c")), os.Symlink("/dev/zero", at("state/lists/c"))); err != nil {
		t.Fatal(err)
	}
	step("a link", true)
	one, err := fingerprint(dir, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sources.list", "apt.conf", "sources.list.d/x.list", "sources.list.d/x.sources", "apt.conf.d/99x"} {
		put(name, "deb http://x y z")
		now, err := fingerprint(dir, "amd64")
		if err != nil || now == one {
			t.Errorf("%s decides nothing: %v", name, err)
		}
		one = now
	}
	put("sources.list.d/x.save", "x")
	if now, _ := fingerprint(dir, "amd64"); now != one {
		t.Error("what apt does not read decides")
	}
	if now, _ := fingerprint(dir, "arm64"); now == one {
		t.Error("the architecture decides nothing")
	}
	if sum, n, err := hashOf(strings.NewReader("abc")); sum != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || n != 3 || err != nil {
		t.Errorf("%s, %d, %v", sum, n, err)
	}
}

// What an archive may hold: modes with their special bits, owners, other names of files before them.
func TestExtractEdges(t *testing.T) {
	archive := func(headers ...tar.Header) *bytes.Buffer {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range headers {
			if h.Typeflag == tar.TypeReg {
				h.Size = 1
			}
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if h.Typeflag == tar.TypeReg {
				if _, err := w.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}
		}
		return &b
	}
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644} }
	for name, tt := range map[string]struct {
		headers []tar.Header
		want    string // paths, modes and owners
		err     string
	}{
		"a file":                {[]tar.Header{{Typeflag: tar.TypeReg, Name: "./bin/su", Mode: 0o4755, Uid: 3, Gid: 4}}, "usr/bin/su urwxr-xr-x 3:4", ""},
		"a sticky directory":    {[]tar.Header{{Typeflag: tar.TypeDir, Name: "./tmp/", Mode: 0o1777}}, "tmp dtrwxrwxrwx 0:0", ""},
		"the root":              {[]tar.Header{{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755}}, "", ""},
		"another name":          {[]tar.Header{file("a"), {Typeflag: tar.TypeLink, Name: "d/b", Linkname: "./a"}, {Typeflag: tar.TypeLink, Name: "c", Linkname: "d/b"}}, "a -rw-r--r-- 0:0, c -rw-r--r-- 0:0 = a, d/b -rw-r--r-- 0:0 = a", ""},
		"merged directories":    {[]tar.Header{{Typeflag: tar.TypeDir, Name: "lib", Mode: 0o755}, {Typeflag: tar.TypeDir, Name: "usr/lib", Mode: 0o700}}, "usr/lib drwxr-xr-x 0:0", ""},
		"the system's link":     {[]tar.Header{{Typeflag: tar.TypeSymlink, Name: "./lib", Linkname: "usr/lib"}}, "", ""},
		"twice":                 {[]tar.Header{file("a"), file("./a")}, "", "has this path twice"},
		"a file for a folder":   {[]tar.Header{{Typeflag: tar.TypeDir, Name: "a", Mode: 0o755}, file("a")}, "", "has this path twice"},
		"a folder for a file":   {[]tar.Header{file("a"), {Typeflag: tar.TypeDir, Name: "a", Mode: 0o755}}, "", "has this path twice"},
		"a name of what is not": {[]tar.Header{{Typeflag: tar.TypeLink, Name: "b", Linkname: "a"}}, "", "no file before it"},
		"of a folder":           {[]tar.Header{{Typeflag: tar.TypeDir, Name: "a", Mode: 0o755}, {Typeflag: tar.TypeLink, Name: "b", Linkname: "a"}}, "", "no file before it"},
		"from outside":          {[]tar.Header{file("a"), {Typeflag: tar.TypeLink, Name: "b", Linkname: "../a"}}, "", "no file before it"},
		"a device":              {[]tar.Header{{Typeflag: tar.TypeChar, Name: "null"}}, "", "cannot hold a file of type"},
		"out of it":             {[]tar.Header{file("../a")}, "", "leaves the package"},
		"below a link":          {[]tar.Header{{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "d"}, file("l/a")}, "", "has files below this link"},
	} {
		files, err := extract(t.Context(), archive(tt.headers...), t.TempDir())
		var got []string
		for _, e := range files {
			text := fmt.Sprintf("%s %v %d:%d", e.Path, e.Mode, e.UID, e.GID)
			if e.Hardlink != "" {
				text += " = " + e.Hardlink
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, tt.want, tt.err)
		}
	}
}
