// Package cgroup divides the machine among those who work on it, so that none of them can take it whole: by a tree
// of control groups (Documentation/admin-guide/cgroup-v2.rst). It is the one place that knows limits.
//
//	/sys/fs/cgroup           the kernel, uinit, and what uinit does by tools
//	    admin/               has a processor first
//	        ssh              the SSH server
//	        NAME             sessions of root
//	    work/                less than the machine
//	        KIND/NAME        services, guests and whatever else features run
//	        users/NAME       sessions of an ordinary account, on consoles and by SSH
//
// Sessions that end leave running what has made itself independent, and that stays in its group.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mount is where the kernel's control groups are.
const Mount = "/sys/fs/cgroup"

// The groups that have groups in them besides the kinds of work, which come with the first of each.
const (
	admin = "admin"
	work  = "work"
	users = "work/users"
)

// Work is the path below Mount of the group of something that a feature runs; kind is a word for many of these.
func Work(kind, name string) string { return work + "/" + kind + "/" + plain(name) }

// Service is the path of a service's group. The SSH server is a way in, and no work.
func Service(name string) string { return Work("services", name) }

// SSH is the path of the SSH server's group.
func SSH() string { return admin + "/ssh" }

// Guest is the path of a virtual machine's group.
func Guest(name string) string { return Work("guests", name) }

// Session is the path of the group of an account's sessions.
func Session(name string, uid int) string {
	if uid == 0 {
		return admin + "/" + plain(name)
	}
	return users + "/" + plain(name)
}

// Sessions are the paths of the groups in which people's sessions are, and who lets them in.
func Sessions() []string { return []string{admin, users} }

// plain makes a name that is one directory's.
func plain(name string) string {
	name = strings.ReplaceAll(name, "/", "_")
	if strings.Trim(name, ".") == "" {
		return "_" + name
	}
	return name
}

// Tree is the groups of this machine. Its zero value is a machine without, where nothing is limited.
type Tree struct {
	dir    string
	Shares Shares
}

// Make makes the groups in which those of services, guests and sessions lie. A kernel without control groups is
// no error; the zero Tree is returned.
func Make(dir string, s Shares) (Tree, error) {
	if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err != nil {
		return Tree{}, nil
	}
	var failed []error
	delegate(dir)
	for _, group := range []struct {
		path   string
		limits Limits
	}{
		{admin, Limits{Weight: 1000}}, {work, s.Work}, {users, s.Users},
	} {
		at := filepath.Join(dir, group.path)
		failed = append(failed, mkdir(at), group.limits.set(at, func(f file) bool { return f.name != "memory.swap.max" }))
		delegate(at)
	}
	if err := errors.Join(failed...); err != nil {
		return Tree{dir, s}, fmt.Errorf("making control groups: %w", err)
	}
	return Tree{dir, s}, nil
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// delegate has the groups in a group bounded by themselves.
func delegate(dir string) {
	control := filepath.Join(dir, "cgroup.subtree_control")
	// Each write has the kernel look at all groups; only one that lacks a controller gets one at a time. Limits say
	// what is missing where they are set.
	if os.WriteFile(control, []byte("+memory +pids +cpu"), 0) == nil {
		return
	}
	for _, controller := range []string{"+memory", "+pids", "+cpu"} {
		_ = os.WriteFile(control, []byte(controller), 0)
	}
}

// Dir is a group's directory; "" where there are no groups.
func (t Tree) Dir(path string) string {
	if t.dir == "" {
		return ""
	}
	return filepath.Join(t.dir, path)
}

// Add makes a group ready with what is usual, or given in its place; "" is returned where it can't be. One that is there
// already keeps what is in it. The error says which of the given limits don't hold, and which the kernel
// refuses: that is no reason to do without what was to be limited.
func (t Tree) Add(path string, usual, given Limits) (dir string, err error) {
	if dir = t.Dir(path); dir == "" {
		return "", nil
	}
	kind := filepath.Dir(dir)
	if err = mkdir(dir); errors.Is(err, fs.ErrNotExist) { // the first of its kind
		err = errors.Join(mkdir(kind), mkdir(dir))
	}
	if err != nil {
		return "", fmt.Errorf("making a control group: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pids.max")); err != nil { // so is every one that comes while the first is made
		delegate(kind)
	}
	// What the kernel has no controller for Make has said once for all.
	return dir, usual.but(given).set(dir, func(f file) bool { return slices.Contains(given.files(), f) })
}
