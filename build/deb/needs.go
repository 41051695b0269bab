package deb

import (
	"path"
	"strings"
)

// libraryDirs are where Debian's loader looks on amd64 when no run path says
// otherwise. It also reads ld.so.cache, which images do not have.
var libraryDirs = []string{"usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64"}

// shell is /bin/sh: the image's own.
const shell = "usr/bin/sh"

// needs picks what a file needs to run.
func (p *picker) needs(f Pick) {
	why := "needed by /" + f.Path
	lacks := func(need string) NeedError { return NeedError{Need: need, By: "/" + f.Path, Package: f.Package} }
	if name := interpreter(f.Entry.Script); name != "" && !p.interpreter(name, why) && !p.lenient {
		err := lacks(name)
		p.fail(&err)
	}
	e := f.Entry.ELF
	if e == nil {
		return
	}
	if e.Interp != "" && !p.pick(canonical(e.Interp), why) {
		err := lacks(e.Interp)
		p.fail(&err)
	}
	for _, name := range e.Needed {
		if !p.library(name, f, why) {
			p.lacking = append(p.lacking, lacks(name))
		}
	}
}

// library picks a library by the order of ld.so(8): run path, then the standard
// directories.
func (p *picker) library(name string, by Pick, why string) bool {
	if strings.Contains(name, "/") {
		return p.pick(canonical(name), why)
	}
	origin := strings.NewReplacer("$ORIGIN", "/"+path.Dir(by.Path), "${ORIGIN}", "/"+path.Dir(by.Path),
		"$LIB", "lib/x86_64-linux-gnu", "${LIB}", "lib/x86_64-linux-gnu")
	for _, dir := range by.Entry.ELF.RunPath {
		// An empty or relative one means the working directory, which is nobody's.
		if dir = origin.Replace(dir); path.IsAbs(dir) && p.pick(path.Join(canonical(dir), name), why) {
			return true
		}
	}
	for _, dir := range libraryDirs {
		if p.pick(path.Join(dir, name), why) {
			return true
		}
	}
	return false
}

// Interpreter is the program that runs a script, given its first bytes: a path, or a name for env(1) to look for; "" for what is no script.
func Interpreter(head []byte) string { return interpreter(script(head)) }

// interpreter is the program that runs a script: the first word of its first line,
// or what env(1) is to look for.
func interpreter(line string) string {
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	if path.Base(words[0]) != "env" {
		return words[0]
	}
	for _, w := range words[1:] {
		if !strings.HasPrefix(w, "-") && !strings.Contains(w, "=") {
			return w
		}
	}
	return words[0]
}

func (p *picker) interpreter(name, why string) bool {
	if !strings.Contains(name, "/") {
		if name == "sh" {
			return true
		}
		for _, dir := range []string{"usr/sbin", "usr/bin"} {
			if p.pick(path.Join(dir, name), why) {
				return true
			}
		}
		return false
	}
	at := canonical(name)
	return at == shell || p.pick(at, why)
}
