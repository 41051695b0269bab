// Package cgroup divides the machine among those who work on it, so that none of them can take it whole: by a tree
// of control groups (Documentation/admin-guide/cgroup-v2.rst). It is the one place that knows limits.
//
//	/sys/fs/cgroup           the kernel, uinit, and what uinit does by tools
//	    admin/               has a processor first
//	        ssh              the SSH server
//	        NAME             sessions of root
//	    work/                less than the machine
//	        services/NAME
//	        guests/NAME
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

// The groups that have groups in them, in the order in which they are made.
const (
	admin    = "admin"
	work     = "work"
	services = "work/services"
	guests   = "work/guests"
	users    = "work/users"
)

// Service, Guest and Session are the paths of groups below Mount. The SSH server is a way in, and no work.
func Service(name string) string { return services + "/" + plain(name) }

// SSH is the path of the SSH server's group.
func SSH() string { return admin + "/ssh" }

// Guest is the path of a virtual machine's group.
func Guest(name string) string { return guests + "/" + plain(name) }

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
	delegate := func(group string) {
		control := filepath.Join(dir, group, "cgroup.subtree_control")
		// Each write has the kernel look at all groups; only one that lacks a controller gets one at a time. Limits say
		// what is missing where they are set.
		if os.WriteFile(control, []byte("+memory +pids +cpu"), 0) == nil {
			return
		}
		for _, controller := range []string{"+memory", "+pids", "+cpu"} {
			_ = os.WriteFile(control, []byte(controller), 0)
		}
	}
	delegate("")
	for _, group := range []struct {
		path   string
		limits Limits
	}{
		{admin, Limits{Weight: 1000}}, {work, s.Work}, {services, Limits{}}, {guests, Limits{}}, {users, s.Users},
	} {
		at := filepath.Join(dir, group.path)
		err := os.Mkdir(at, 0o755)
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
		failed = append(failed, err, group.limits.set(at, func(f file) bool { return f.name != "memory.swap.max" }))
		delegate(group.path)
	}
	if err := errors.Join(failed...); err != nil {
		return Tree{dir, s}, fmt.Errorf("making control groups: %w", err)
	}
	return Tree{dir, s}, nil
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
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("making a control group: %w", err)
	}
	// What the kernel has no controller for Make has said once for all.
	return dir, usual.but(given).set(dir, func(f file) bool { return slices.Contains(given.files(), f) })
}
