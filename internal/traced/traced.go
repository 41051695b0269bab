// Package traced has strace(1) write down what a piece of code asks of the kernel, for tests of what nothing else can tell:
// whether a file's content is on the disk before it gets its name.
package traced

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// within is set in the environment of the test that runs under strace.
const within = "IMGBUILD_TEST_TRACED"

// begin and end are written to standard output around act, to be seen in the trace.
const begin, end = "traced: begin in ", "traced: end"

// Of runs the test once more under strace and returns what act asks of the kernel there, in order, as far as it is about the folder
// dir: "write a", "fsync a", "rename a b"; "." is the folder itself. Of several writes to a file in a row there is one. A number
// of six digits or more, as temporary files have it, is *. The process that is traced ends in Of.
func Of(t *testing.T, dir string, act func()) []string {
	t.Helper()
	if os.Getenv(within) != "" {
		fmt.Println(begin + dir)
		act()
		fmt.Println(end)
		if !t.Failed() {
			os.Exit(0) // not the rest of the test, which judges the row
		}
		t.FailNow()
	}
	if err := exec.Command("strace", "-o", os.DevNull, "true").Run(); errors.Is(err, exec.ErrNotFound) {
		t.Fatal("strace is not installed; .ci/install brings it")
	} else if err != nil {
		t.Skipf("nothing may be traced here: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-y", "-qq", "-z", "-s", "4096", "-e", "signal=none", "-o", file, "-e",
		"trace=write,pwrite64,ftruncate,fsync,fdatasync,syncfs,rename,renameat,renameat2,linkat", self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), within+"=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the test under strace: %v\n%s", err, text)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return read(string(text))
}

var (
	call   = regexp.MustCompile(`^\d+ +(\w+)\((.*)`)
	opened = regexp.MustCompile(`^\d+<([^>]*)>`)
	named  = regexp.MustCompile(`(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"`)
	number = regexp.MustCompile(`\d{6,}`)
)

// plain names the calls that do the same.
var plain = map[string]string{"pwrite64": "write", "renameat": "rename", "renameat2": "rename", "linkat": "link"}

// read makes rows of a trace.
func read(trace string) (rows []string) {
	dir := ""
	for line := range strings.Lines(trace) {
		c := call.FindStringSubmatch(line)
		if c == nil { // the end of a call whose beginning is there
			continue
		}
		if _, rest, ok := strings.Cut(c[2], begin); ok {
			dir, _, _ = strings.Cut(rest, `\n"`)
			continue
		}
		if dir == "" {
			continue
		}
		if strings.Contains(c[2], end) {
			break
		}
		kind := cmp.Or(plain[c[1]], c[1])
		var paths []string
		if f := opened.FindStringSubmatch(c[2]); f != nil && kind != "rename" && kind != "link" {
			paths = []string{f[1]}
		} else {
			for _, n := range named.FindAllStringSubmatch(c[2], -1) {
				path := n[2]
				if !filepath.IsAbs(path) {
					path = filepath.Join(n[1], path)
				}
				paths = append(paths, path)
			}
		}
		row := kind
		for _, path := range paths {
			rel, err := filepath.Rel(dir, path)
			if err != nil || strings.HasPrefix(rel, "..") {
				row = ""
				break
			}
			row += " " + number.ReplaceAllString(rel, "*")
		}
		if row != "" && (len(rows) == 0 || kind != "write" || rows[len(rows)-1] != row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// Durable returns an error unless the content of a file is on the disk before it gets its name and, with folder, the name afterwards.
func Durable(rows []string, name string, folder bool) error {
	synced, named := map[string]bool{}, false
	for _, row := range rows {
		f := strings.Fields(row)
		switch kind, file := f[0], f[1]; {
		case (kind == "rename" || kind == "link") && len(f) == 3 && f[2] == name:
			if !synced[file] {
				return fmt.Errorf("%s gets its name before its content is on the disk: %q", name, rows)
			}
			named = true
		case kind == "write", kind == "ftruncate":
			synced[file] = false
		case kind == "fsync" && file == filepath.Dir(name) && named:
			folder = false
		case kind == "fsync", kind == "fdatasync":
			synced[file] = true
		}
	}
	if !named {
		return fmt.Errorf("%s never gets its name: %q", name, rows)
	}
	if folder {
		return fmt.Errorf("the name %s is not put on the disk: %q", name, rows)
	}
	return nil
}
