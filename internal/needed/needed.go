// Package needed gives tests the programs and files that they use of the machine. What is missing fails the test: one that is
// skipped proves nothing, and nobody reads that it was. The list is .ci/tools, from which .ci/install installs; what is not in
// there no test may ask for, so that a machine of one's own and that of the continuous test are alike.
package needed

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program is the path of a program that .ci/tools lists. Those of administrators are found although a user's PATH lacks them.
func Program(t testing.TB, name string) string {
	t.Helper()
	owner := listed(t, name)
	for _, at := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(at); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed (Debian package %s): .ci/install installs it", name, owner)
	return ""
}

// File is the path itself, of a file that .ci/tools lists.
func File(t testing.TB, path string) string {
	t.Helper()
	owner := listed(t, path)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v (Debian package %s): .ci/install installs it", err, owner)
	}
	return path
}

// listed is the Debian package that brings a program or file.
func listed(t testing.TB, name string) string {
	t.Helper()
	list, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if list[name] == "" {
		t.Fatalf("%s is not in .ci/tools, so .ci/install does not install it", name)
	}
	return list[name]
}

// folder is that of the package under test; some tests go elsewhere.
var folder, _ = os.Getwd()

// List is what .ci/tools of this module says: Debian packages, by the programs and files that are used of them.
func List() (map[string]string, error) {
	for dir := folder; ; dir = filepath.Dir(dir) {
		f, err := os.Open(filepath.Join(dir, ".ci", "tools"))
		if err == nil {
			defer f.Close()
			return read(f)
		}
		if dir == filepath.Dir(dir) {
			return nil, fmt.Errorf("reading the list of tools that tests need: no .ci/tools in %q or above it", folder)
		}
	}
}

func read(r io.Reader) (map[string]string, error) {
	list := map[string]string{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) == 1 {
			return nil, fmt.Errorf(".ci/tools:%d: nothing is used of %s; accepted: PACKAGE PROGRAM-OR-FILE…", n, words[0])
		}
		for _, name := range words[1:] {
			if list[name] != "" {
				return nil, fmt.Errorf(".ci/tools:%d: %s is in %s already", n, name, list[name])
			}
			list[name] = words[0]
		}
	}
	return list, lines.Err()
}
