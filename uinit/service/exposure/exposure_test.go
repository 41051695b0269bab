package exposure

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// The scale has both ends, and each thing that is open counts.
func TestScore(t *testing.T) {
	for name, tt := range map[string]struct {
		row  spec.Service
		uid  int
		of   int
		word string
		by   string
	}{
		"root, unconfined":       {spec.Service{Unconfined: true}, 0, 100, "DANGEROUS", "root, all capabilities, new rights, all system calls, writes everywhere, network, processes, /tmp, all devices"},
		"an account, unconfined": {spec.Service{Unconfined: true}, 7, 50, "MEDIUM", "new rights, all system calls, writes everywhere, network, processes, /tmp, all devices"},
		"root":                   {spec.Service{}, 0, 18, "OK", "root, network, processes"},
		"an account":             {spec.Service{}, 7, 8, "SAFE", "network, processes"},
		"nothing":                {spec.Service{Namespaces: []spec.Namespace{spec.NamespaceNet, spec.NamespacePID}}, 7, 0, "PERFECT", ""},
		"a server":               {spec.Service{Capabilities: []spec.Capability{"net_bind_service"}, Writable: []string{"/srv"}}, 7, 11, "OK", "net_bind_service, writes /srv, network, processes"},
		"nearly all": {spec.Service{Capabilities: spec.Capabilities(), Writable: []string{"/", "/dev", "/tmp"}, NewPrivileges: true, SystemCalls: []spec.CallGroup{spec.CallsMount}}, 0, 88, "EXPOSED",
			"root, all capabilities, new rights, @mount, writes everywhere, network, processes, /tmp, all devices"},
	} {
		of, word, by := OfRow(tt.row, tt.uid).Score()
		if of != tt.of || word != tt.word || by != tt.by {
			t.Errorf("%s: %d %s %q, want %d %s %q", name, of, word, by, tt.of, tt.word, tt.by)
		}
	}
}

// Of several processes the one with most rights counts; those that are gone do not.
func TestOfProcesses(t *testing.T) {
	proc := t.TempDir()
	for pid, text := range map[int]string{
		10: "Uid:\t5\t5\t5\t5\nCapPrm:\t0000000000000400\nCapBnd:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\n",
		11: "Uid:\t5\t5\t0\t5\nCapPrm:\t0000000000000001\nCapBnd:\t0000000000000401\nNoNewPrivs:\t0\nSeccomp:\t0\n",
	} {
		dir := filepath.Join(proc, strconv.Itoa(pid))
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "status"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if h := Of(proc, []int{9}); h != nil {
		t.Errorf("of nobody: %+v", h)
	}
	h := Of(proc, []int{9, 10})
	if h == nil || h.PID != 10 || h.UID != 5 || Names(h.Capabilities) != "net_bind_service" || !h.NoNew || !h.Filtered || h.Filter() != "@system-service" {
		t.Errorf("one: %+v", h)
	}
	h = Of(proc, []int{10, 11})
	if h == nil || h.PID != 10 || h.UID != 0 || Names(h.Capabilities) != "chown net_bind_service" || Names(h.Bounds) != "chown net_bind_service" || h.NoNew || h.Filter() != "all" {
		t.Errorf("both: %+v", h)
	}
}

// The kernel is the judge of a process that runs: this one shares everything with itself.
func TestOfThisProcess(t *testing.T) {
	h := Of("/proc", []int{os.Getpid()})
	if h == nil || h.UID != os.Getuid() || !slices.Equal(h.Shared, []string{"net", "pid", "tmp", "dev"}) || len(h.Writable) == 0 {
		t.Errorf("%+v", h)
	}
}

// Root's processes with all rights are found, but for those of programs and groups that may have them, and for kernel threads.
func TestPowerful(t *testing.T) {
	proc, sleep := t.TempDir(), filepath.Join(t.TempDir(), "uinit")
	if err := os.WriteFile(sleep, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	const all, some = "000001ffffffffff", "000001fffffffffe"
	add := func(pid int, caps, exe, group string, parent, session int, flags uint64) {
		t.Helper()
		dir := filepath.Join(proc, strconv.Itoa(pid))
		status := fmt.Sprintf("Uid:\t0\t0\t0\t0\nCapPrm:\t%s\n", caps)
		stat := fmt.Sprintf("%d (a) b) S %d %d %d 0 -1 %d 0\n", pid, parent, session, session, flags)
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(dir+"/status", []byte(status), 0o644), os.WriteFile(dir+"/stat", []byte(stat), 0o644),
			os.WriteFile(dir+"/cgroup", []byte("0::/"+group+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
		if exe != "" {
			if err := os.Symlink(exe, dir+"/exe"); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(2, all, "", "", 0, 0, kthread)                    // a thread of the kernel
	add(5, all, sleep, "", 1, 1, 0)                       // the worker
	add(6, all, "/bin/sh", "admin/root", 5, 6, 0)         // a session
	add(7, all, "/bin/sh", "work/users/ann", 5, 7, 0)     // her setuid program
	add(8, all, "/bin/sh", "", 5, 8, 0)                   // the host's command
	add(9, all, "/bin/cat", "", 8, 8, 0)                  // and what it started
	add(10, some, "/bin/sh", "work/services/a", 5, 10, 0) // all but one
	add(11, all, "/bin/sh", "work/services/b", 5, 11, 0)  // a service
	add(12, all, "/bin/sh", "", 5, 1, 0)                  // a tool
	add(13, all, "/bin/sh", "admins", 5, 13, 0)           // no group of people's
	if err := os.Symlink("5", proc+"/self"); err != nil {
		t.Fatal(err)
	}
	found := Powerful(proc, 5, []string{sleep}, []string{"admin", "work/users"})
	slices.Sort(found)
	if want := []string{"process 11, a) b, in /work/services/b", "process 12, a) b, in /", "process 13, a) b, in /admins"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

// This process' own stat is read as the kernel writes it.
func TestStat(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if p := stat("/proc", cmd.Process.Pid); p.parent != os.Getpid() || p.session != cmd.Process.Pid || p.flags&kthread != 0 || strings.Contains(p.name, ")") {
		t.Errorf("%+v", p)
	}
	if p := stat("/proc", 2); p.name == "kthreadd" && p.flags&kthread == 0 {
		t.Errorf("kthreadd: %+v", p)
	}
}
