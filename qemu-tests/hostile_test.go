package qemu_tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/qemu"
	"github.com/imgbuild/imgbuild/internal/report"
)

// hostile is a state partition that somebody prepared, and what the box has to say of it.
type hostile struct {
	name string
	// debugfs are commands of debugfs(8) that fill an empty file system.
	debugfs string
	// says are parts of units' messages; a unit without one here has nothing to complain of.
	says map[string]string
	// there says whether the file system is mounted.
	there bool
	// full: only in the full matrix. internal/bounded has tables of all that a file may be.
	full bool
}

// huge makes a file of 500 GB out of one that has a few bytes.
const huge = "write SMALL %[1]s\nsif %[1]s size 536870912000\n"

var hostiles = []hostile{
	{"files that are none", fmt.Sprintf(huge, "clock") + `
mknod random-seed p
symlink inner /etc
mkdir ssh
symlink ssh/ssh_host_ed25519_key /dev/mem
mkdir keys
cd keys
mknod wg0 c 10 130
cd /
mkdir log
cd log
mknod 00000000000000000001-1.syslog p
cd /
symlink log/00000000000000000002-1.syslog /dev/zero
mkdir log/00000000000000000003-1.syslog
` + fmt.Sprintf(huge, "log/00000000000000000004-1.syslog") + `
write SMALL log/00000000000000000005-2000000000.syslog
write SMALL log/00000000000000000006-7.syslog
write SMALL log/18446744073709551615-1.syslog
ssv errors 3
`, map[string]string{
		"time": "clock has 536870912000 bytes; accepted: at most 64", "seed": "random-seed is a named pipe; accepted: a regular file",
		"mount:/state/inner": "inner is a symbolic link; accepted: a folder", "ssh-key": "ssh_host_ed25519_key is a symbolic link; accepted: a regular file",
		"wireguard:wg0": "wg0 is a character device; accepted: a regular file", "log": "4 of its files are left alone",
	}, true, false},
	{"other files that are none", `
symlink clock /dev/zero
mkdir .clock.new
mkdir random-seed
symlink .random-seed.new /etc/shadow
symlink ssh /etc
mkdir keys
cd keys
mknod wg0 p
sif wg0 mode 0140600
cd /
mknod log p
write SMALL inner
`, map[string]string{
		"time": "clock is a symbolic link; accepted: a regular file", "seed": "random-seed is a folder; accepted: a regular file",
		"mount:/state/inner": "inner is a regular file; accepted: a folder", "ssh-key": "ssh is a symbolic link; accepted: a folder",
		"wireguard:wg0": "wg0 is a socket; accepted: a regular file", "log": "log is a named pipe; accepted: a folder",
	}, true, true},
	{"garbage", `
write GARBAGE clock
write GARBAGE random-seed
mkdir ssh
write GARBAGE ssh/ssh_host_ed25519_key
sif ssh/ssh_host_ed25519_key mode 0100600
mkdir keys
write GARBAGE keys/wg0
mkdir log
write GARBAGE log/00000000000000000001-3.syslog
mkdir inner
`, map[string]string{
		"time": "reading the last good time", "seed": "not a saved seed", "ssh-key": "reading the host key in /state/ssh/ssh_host_ed25519_key",
		"wireguard:wg0": "may be read or written by others (mode 0644); accepted: mode 0600",
	}, true, true},
	{"a file system that needs a person", "mkdir inner\nssv state 2\nclri <2>\n", map[string]string{
		"mount:/state": "not mounting /state: /sbin/e2fsck: exit status 4",
	}, false, true}, // TestMounts has one, too
}

// A disk that others had: whatever lies where uinit reads and writes, the box boots to a prompt, says what it refuses, and its
// worker lives. One that e2fsck refuses is not mounted.
func TestHostileState(t *testing.T) {
	t.Parallel()
	a := extended(t, cloud+`
[mount."/state"]
source = "LABEL=state"
type   = "ext4"
[mount."/state/inner"]
source = "tmpfs"
type   = "tmpfs"
nofail = true
[time]
state = "/state"
[entropy]
state = "/state"
[ssh]
state = "/state/ssh"
[user.root]
authorized_keys = [`+fmt.Sprintf("%q", publicKey(t))+`]
[log]
remote = "tcp://10.0.2.2:9"
spool  = "/state/log"
[wireguard.wg0]
private_key_file = "/state/keys/wg0"
no_address       = true
`, map[string]string{})
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			if h.full {
				long(t)
			}
			h.boots(t, a)
		})
	}
}

func (h hostile) boots(t *testing.T, a appliance) {
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	vm.Config.Disks = append(vm.Config.Disks, qemu.Disk{ID: "state", Path: h.disk(t)})
	g := startFor(t, vm.Config, 2*limit)
	console, err := g.Console("ttyS0")
	if err != nil {
		t.Fatal(err)
	}
	s := until(t, g, "the boot", func(s *report.State) bool {
		for name := range h.says {
			if u := s.Units[name]; u.State == "" || u.State == "late" || u.Message == "" {
				return false
			}
		}
		return isBooted(s)
	})
	for name, want := range h.says {
		if u := s.Units[name]; !strings.Contains(u.Message, want) {
			t.Errorf("%s is %s and says %q, want …%s…", name, u.State, u.Message, want)
		}
	}
	if _, err := console.Expect(t.Context(), regexp.MustCompile(`login: $`)); err != nil {
		t.Errorf("no prompt: %v", err)
	}
	if shell := regexp.MustCompile(`(?m)# $|worker ended`).FindString(console.Text()); shell != "" {
		t.Errorf("%q is on the console:\n%s", shell, console.Text())
	}
	mounts := inside(t, g, "grep ' /state' /proc/mounts || true")
	if there := strings.Contains(mounts, " /state ext4 rw,nosuid,nodev,"); there != h.there || !h.there && strings.Contains(mounts, " ext4 ") || strings.Contains(mounts, "errors=panic") {
		t.Errorf("mounted are %q", mounts)
	}
	for line, want := range map[string]string{
		"uinitctl log | grep -c 'the worker ended' || true": "0",
		// It goes on as well as it can, and nothing was written to where links led.
		"read -r l </etc/shadow; [[ -d /etc && ! -L /etc && ! -L /etc/shadow && $l == root:* ]] && echo kept": "kept",
		"[[ -e /etc/ssh_host_ed25519_key || -e /etc/wg0 ]] || echo none":                                      "none",
		"grep -c ' /etc ' /proc/mounts || true":                                                               "0",
	} {
		if got := inside(t, g, line); got != want {
			t.Errorf("%s prints %q, want %q", line, got, want)
		}
	}
	off(t, g)
}

// disk makes the partition; nothing of it needs rights on the host.
func (h hostile) disk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, small, garbage, script := filepath.Join(dir, "state"), filepath.Join(dir, "small"), filepath.Join(dir, "garbage"), filepath.Join(dir, "script")
	text := strings.NewReplacer("SMALL", small, "GARBAGE", garbage).Replace(h.debugfs)
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 32<<20), os.WriteFile(small, []byte("1 x"), 0o600),
		os.WriteFile(garbage, []byte(strings.Repeat("\x00\xff\x1b[2J 9999999999 -", 8)), 0o644), os.WriteFile(script, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mke2fs", "-q", "-t", "ext4", "-L", "state", "-E", "root_owner=0:0", file}, {"debugfs", "-w", "-f", script, file}} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		for line := range strings.Lines(string(out)) { // debugfs says nothing else of what failed
			if command[0] == "debugfs" && !strings.HasPrefix(line, "debugfs") && !strings.HasPrefix(line, "Allocated inode") && strings.TrimSpace(line) != "" {
				err = errors.Join(err, errors.New(line))
			}
		}
		if err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	return file
}
