package site

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	sitetoml "github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// maxNames is how many files of the medium's folder are looked at: others have put theirs there, too.
const maxNames = 1000

// look reads site.toml on a medium, and gives the name of a file that was meant to be it.
func look(device string) (text []byte, near string, err error) {
	root, err := mount.Private(device, "vfat")
	if err != nil {
		return nil, "", err
	}
	defer root.Close()
	text, err = bounded.ReadIn(int(root.Fd()), sitetoml.Name, sitetoml.MaxSize)
	if err != nil {
		err = fmt.Errorf("reading %s of %s: %w", sitetoml.Name, device, err)
	}
	return text, nearIn(root), err
}

// nearIn finds in a folder the file whose name is nearly the right one.
func nearIn(folder *os.File) string {
	names, err := folder.Readdirnames(maxNames)
	if err != nil && err != io.EOF {
		return "" // the file itself says what is wrong with the medium
	}
	slices.Sort(names)
	i := slices.IndexFunc(names, isNear)
	if i < 0 {
		return ""
	}
	return names[i]
}

// isNear tells names that a person has given by mistake: Windows hides "toml" and Notepad adds "txt", browsers count copies. FAT
// knows no case. What programs put beside a file ("._site.toml", "site.toml~", ".site.toml.swp") is not meant.
func isNear(name string) bool {
	lower := strings.ToLower(name)
	rest, ok := strings.CutPrefix(lower, "site")
	if !ok || lower == sitetoml.Name || strings.ContainsAny(lower, "~") {
		return false
	}
	return strings.TrimLeft(strings.ReplaceAll(rest, "copy", ""), ".tomlxs-_ ()0123456789") == ""
}

// blank tells a text that says nothing, as the example on the medium does.
func blank(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}
