package imports

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// opening are the functions that open, make or change what a path leads to, through links and whatever it is.
var opening = map[string][]string{
	"os": {"Open", "OpenFile", "OpenRoot", "ReadFile", "ReadDir", "WriteFile", "Create", "CreateTemp", "Mkdir", "MkdirAll", "MkdirTemp",
		"Rename", "RemoveAll", "Remove", "Chmod", "Chown", "Truncate", "Link", "Symlink", "DirFS", "Stat", "CopyFS"},
	"unix":     {"Open", "Openat", "Openat2", "Creat", "Stat", "Chmod", "Chown", "Rename", "Renameat", "Mkdir", "Mkdirat", "Mknod", "Unlink", "Rmdir", "Truncate"},
	"syscall":  {"Open", "Creat", "Stat", "Chmod", "Chown", "Rename", "Mkdir", "Unlink", "Rmdir", "Truncate"},
	"filepath": {"Glob", "Walk", "WalkDir", "EvalSymlinks"},
	"renameio": {"WriteFile", "TempFile", "NewPendingFile", "Symlink", "MaybeWriteFile"},
	"ioutil":   {"ReadFile", "WriteFile", "ReadDir", "TempFile", "TempDir"},
}

// own are places that are the kernel's or the image's own; a path that begins so in the source needs no reason.
var own = []string{"/proc", "/sys", "/dev", "/etc"}

// Reasons why opening's functions may be used. Everything else reads and writes with internal/bounded.
const (
	kernels = "files of the kernel: /proc, /sys, cgroups"
	devices = "a device below /dev"
	images  = "a file of the image itself: /etc, /usr, /lib"
	ours    = "in /run or /dev, where nobody but root writes"
	looks   = "looks whether it is there, opens nothing"
	person  = "what a person names at the shell, with that person's rights"
)

// reasons are by file, where all of it is about one thing, or by file and function.
var reasons = map[string]string{
	"uinit/limits/hugepages.go":                kernels,
	"uinit/module/modprobe.go":                 images,
	"uinit/module/open.go":                     images,
	"build/gobin/sshd/launch.go":               images + "; of the home it only looks",
	"build/gobin/sshd/limit.go openGroup":      kernels,
	"build/gobin/sshd/terminal.go":             devices,
	"uinit/account/account.go":                 images,
	"uinit/account/confine.go":                 images + ", and a mount of our own in /run",
	"uinit/array/md/kernel.go":                 devices + ", and the kernel's files of it",
	"uinit/beside/open.go":                     kernels + ", as the code of a feature names them",
	"uinit/beside.go":                          "removes what the boot program unpacked, through no link",
	"uinit/button/watch.go":                    devices,
	"uinit/cmdline/cmdline.go":                 kernels,
	"uinit/console/console.go":                 kernels,
	"uinit/console/login.go LoginMain":         devices,
	"uinit/console/guests.go":                  kernels,
	"uinit/console/observe.go serialNumber":    kernels,
	"uinit/console/quiet.go":                   kernels,
	"uinit/console/rescue.go":                  kernels,
	"uinit/console/screen.go":                  kernels,
	"uinit/console/session.go motd":            images + "; of the home it only looks",
	"uinit/console/session.go runnable":        looks,
	"uinit/console/terminal.go":                devices,
	"uinit/container/container.go":             "the container's own root, in which links lead where they lead there",
	"uinit/container/crun.go":                  ours + "; of devices it looks which they are",
	"uinit/container/disk.go":                  "a root's device, and places in /run",
	"uinit/container/rootfile.go":              "a root's file, through no link",
	"uinit/container/exec.go":                  ours,
	"uinit/container/files.go":                 ours + "; resolv.conf is the machine's",
	"uinit/container/hook.go":                  ours,
	"uinit/container/layers.go":                images + "; and places in /run",
	"uinit/container/owners.go":                "the files of a root, whose container does not run: no link is followed",
	"uinit/container/root.go":                  ours + ", and a root's disk, where root alone gets",
	"uinit/container/volume.go":                "a volume, from its mount on through no link at all",
	"uinit/crash/efivar.go":                    kernels,
	"uinit/dev/sysfs.go":                       kernels,
	"uinit/entropy/rngtest.go test":            person,
	"uinit/firewall/feature.go":                images,
	"uinit/firewall/harden.go":                 kernels,
	"uinit/hostname/files.go":                  images,
	"uinit/grow/system.go":                     devices + ", and the root of what is mounted from it",
	"uinit/klog/klog.go":                       devices,
	"uinit/kmod/system.go":                     images,
	"uinit/link/bridgefilter.go":               kernels,
	"uinit/link/drift.go":                      kernels,
	"uinit/link/make.go":                       kernels,
	"uinit/link/resolv.go":                     images,
	"uinit/log/syslog/kernel.go":               kernels,
	"uinit/log/syslog/local.go":                "its own socket and link in /dev, where only root makes names",
	"uinit/mount/private.go":                   "the root of a file system that it has just opened itself",
	"uinit/mount/profile.go openReadOnly":      devices,
	"uinit/mount/source.go named":              devices,
	"uinit/mount/seen.go see":                  devices,
	"uinit/mount/table.go Attach":              "places of the kernel's file systems, which lie in the image",
	"uinit/mount/table.go Links":               ours,
	"uinit/mount/turns.go":                     devices,
	"uinit/mount/usr.go":                       images,
	"uinit/secret/source/source.go":            kernels,
	"uinit/service/exposure/holding.go":        kernels + "; of other files it only looks",
	"uinit/service/exposure/powerful.go":       kernels + "; of other files it only looks",
	"uinit/service/rights.go":                  kernels,
	"uinit/service/supervise/enclose.go":       "places of a /dev that it has just made itself; of other files it only looks",
	"uinit/service/supervise/bare.go":          images + ": the program of a command that the feature's plan names",
	"uinit/service/supervise/blocked.go":       kernels,
	"uinit/service/supervise/process.go Start": kernels,
	"uinit/service/supervise/ready.go":         kernels + "; of other files it only looks",
	"uinit/share/configfs.go StopISCSI":        looks,
	"uinit/share/configfs.go blockDevice":      devices,
	"uinit/share/configfs.go do":               kernels,
	"uinit/share/configfs.go offered":          kernels,
	"uinit/share/nfs.go":                       kernels,
	"uinit/site/medium.go openQuietly":         devices,
	"uinit/status/server.go":                   ours,
	"uinit/ssh/sshd.go Prepare":                looks,
	"uinit/sysctl/sysctl.go":                   kernels,
	"uinit/time/clock/rtc.go":                  devices,
	"uinit/time/feature.go rtc":                devices,
	"uinit/virtioport/port.go":                 devices,
	"uinit/update/book.go":                     devices,
	"uinit/update/disk.go":                     devices,
	"uinit/vm/admission.go":                    kernels,
	"uinit/vm/host.go":                         devices,
	"uinit/terminal/terminal.go":               ours,
	"uinit/vm/qemu/kvm.go":                     devices,
	"uinit/vm/qemu/open.go openDevice":         devices,
	"uinit/vm/qemu/open.go openVars":           images,
	"uinit/vm/start.go waiting":                looks,
	"uinit/worker.go":                          images,
}

// Whoever writes to a disk, a share, the ESP or a home decides what a path of it leads to. One forgotten os.ReadFile of a
// file of 500 GB took the worker down.
func TestFilesOfOthersAreReadWithBounds(t *testing.T) {
	used := map[string]bool{}
	for _, root := range []string{"uinit", "build/gobin/sshd"} {
		err := filepath.WalkDir("../../"+root, func(path string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file := filepath.ToSlash(strings.TrimPrefix(path, "../../"))
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, found := range openings(t, file, string(text)) {
				place := file + " " + found.function
				used[place], used[file] = true, true
				if reasons[place] == "" && reasons[file] == "" {
					t.Errorf("%s:%d: %s calls %s; accepted: internal/bounded, or a reason in internal/imports/files_test.go", file, found.line, found.function, found.call)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for place := range reasons {
		if !used[place] {
			t.Errorf("%s has a reason for what it does not do any more", place)
		}
	}
}

// found is a call, or a use as a value, in a function.
type found struct {
	function, call string
	line           int
}

func openings(t *testing.T, name, text string) (all []found) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		function := "-"
		if f, ok := decl.(*ast.FuncDecl); ok {
			function = f.Name.Name
		}
		fine := map[*ast.SelectorExpr]bool{}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 && begins(n.Args[0]) {
					fine[s] = true
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && slices.Contains(opening[x.Name], n.Sel.Name) && !fine[n] {
					all = append(all, found{function, x.Name + "." + n.Sel.Name, set.Position(n.Pos()).Line})
				}
			}
			return true
		})
	}
	return all
}

// begins says whether a path begins with a literal that is one of own.
func begins(path ast.Expr) bool {
	switch e := path.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return err == nil && slices.ContainsFunc(own, func(dir string) bool { return text == dir || strings.HasPrefix(text, dir+"/") })
	case *ast.BinaryExpr:
		return e.Op == token.ADD && begins(e.X)
	case *ast.CallExpr: // filepath.Join("/dev", …), fmt.Sprintf("/dev/loop%d", …)
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"Join", "Sprintf"}, s.Sel.Name) && len(e.Args) > 0 && begins(e.Args[0])
	}
	return false
}

func TestOpeningsAreFound(t *testing.T) {
	const text = `package p
func a() { os.ReadFile(x); os.ReadFile("/proc/stat"); os.Open("/etc"+x); os.Open("/etcetera") }
func (T) b() { f := os.Open; filepath.Glob(filepath.Join("/dev", x)); filepath.Glob(filepath.Join(x, "/dev")); os.Getpid() }
var c = os.Stat
`
	got := fmt.Sprint(openings(t, "p.go", text))
	if want := "[{a os.ReadFile 2} {a os.Open 2} {b os.Open 3} {b filepath.Glob 3} {- os.Stat 4}]"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}
