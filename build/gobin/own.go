package gobin

import (
	"bytes"
	"embed"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild"
)

// ownSource holds the commands that are ours.
//
//go:embed */*.go
var ownSource embed.FS

// ownFiles are the files of our commands and of what they share with the init, without their tests, in order.
func ownFiles() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, source := range []struct {
			files   embed.FS
			pattern string
		}{{imgbuild.Shared, "*/*/*.go"}, {ownSource, "*/*.go"}} {
			names, err := fs.Glob(source.files, source.pattern)
			if err != nil {
				panic("BUG: " + err.Error())
			}
			for _, name := range names {
				if strings.HasSuffix(name, "_test.go") {
					continue
				}
				text, err := source.files.ReadFile(name)
				if err != nil {
					panic("BUG: " + err.Error())
				}
				if !yield(name, text) {
					return
				}
			}
		}
	}
}

// writeOwn makes our commands, and what they share with the init, part of the generated module.
func writeOwn(src string) error {
	for name, text := range ownFiles() {
		file := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(imgbuild.Module+"/internal/"), []byte(busyboxModule+"/internal/"))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
