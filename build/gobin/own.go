package gobin

import (
	"embed"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// ownSource holds the commands that are ours.
//
//go:embed sh/*.go sshd/*.go sftp-server/*.go
var ownSource embed.FS

// ownFiles are the files of our commands, without their tests, in order.
func ownFiles() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		names, err := fs.Glob(ownSource, "*/*.go")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := ownSource.ReadFile(name)
			if err != nil {
				panic("BUG: " + err.Error())
			}
			if !yield(name, text) {
				return
			}
		}
	}
}

// writeOwn makes our commands part of the generated module.
func writeOwn(src string) error {
	for name, text := range ownFiles() {
		file := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
