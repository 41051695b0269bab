package licence

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// said are the names of files in which a module speaks of its licence; licensing those that are one.
var (
	said      = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying|^copyright|^notice|^patents`)
	licensing = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying`)
)

// maxFile bounds a file of licences, in bytes.
const maxFile = 1 << 20

// Module reads the licence files of a Go module, those of its folders, too: all of them hold together. Test data is left out.
func Module(name string, module fs.FS) (Notice, error) {
	var files []File
	err := fs.WalkDir(module, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (d.Name() == "testdata" || strings.ContainsAny(d.Name()[:1], "._")):
			return fs.SkipDir
		case !d.Type().IsRegular() || !said.MatchString(d.Name()) || strings.HasSuffix(d.Name(), ".go"):
			return nil
		}
		body, err := fs.ReadFile(module, p)
		if err == nil && len(body) > maxFile {
			err = &fs.PathError{Op: "reading", Path: p, Err: errors.New("a licence of more than 1 MiB")}
		}
		files = append(files, File{p, body})
		return err
	})
	if err != nil {
		return Notice{}, err
	}
	return Files(name, files...), nil
}

// Files is what the files of some software say, of which name is the name.
func Files(name string, files ...File) Notice {
	var t terms
	var owners []string
	for _, f := range files {
		if !licensing.MatchString(path.Base(f.Name)) {
			continue
		}
		if ids, ok := recognize(f.Body); ok {
			t.add(ids...)
		} else {
			t.add(t.addText(ref(name, string(f.Body))))
		}
		for _, line := range claims(string(f.Body)) {
			if !slices.Contains(owners, line) {
				owners = append(owners, line)
			}
		}
	}
	n := t.notice()
	n.Files, n.Copyright = files, strings.Join(owners, "\n")
	return n
}

// Linux is what every kernel says of its licence, its own COPYING and LICENSES/exceptions/Linux-syscall-note.
var Linux = Notice{
	Licence: "GPL-2.0-only WITH Linux-syscall-note",
	Files: []File{{"copyright", []byte("The Linux kernel is under version 2 of the GNU General Public License, and no other version; programs that use it\n" +
		"by system calls are not derived works of it. The text of the license is in /usr/share/common-licenses/GPL-2.\n")}},
}
