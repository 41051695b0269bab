package supervise

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/seccomp"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// confined runs a shell's script as a confined service to its end, and returns what it printed.
func confined(t *testing.T, cfg spec.Service, account *syscall.Credential, text string) string {
	t.Helper()
	cfg.Command = script(text)
	out, _ := toItsEnd(t, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, account, cfg)
	return out
}

// fields are those of /proc/self/status, by their names.
func fields(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			all[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	return all
}

// By default a service has none of root's rights, whoever it is, and can get none; a row's keys give single ones.
func TestConfinedRights(t *testing.T) {
	if !isolated(t) {
		return
	}
	eve := &syscall.Credential{Uid: 70001, Gid: 70002}
	const none, bind, all = "0000000000000000", "0000000000000400", "000001ffffffffff"
	for name, tt := range map[string]struct {
		cfg                        spec.Service
		account                    *syscall.Credential
		has, ambient, nnp, seccomp string
	}{
		"root":                   {spec.Service{}, nil, none, none, "1", "2"},
		"an account":             {spec.Service{}, eve, none, none, "1", "2"},
		"root at a port":         {spec.Service{Capabilities: []spec.Capability{"net_bind_service"}}, nil, bind, none, "1", "2"},
		"an account at a port":   {spec.Service{Capabilities: []spec.Capability{"net_bind_service"}}, eve, bind, bind, "1", "2"},
		"more later":             {spec.Service{NewPrivileges: true}, eve, none, none, "0", "2"},
		"any system call":        {spec.Service{SystemCalls: []spec.CallGroup{spec.CallsKnown}}, nil, none, none, "1", "0"},
		"processes of its own":   {spec.Service{Namespaces: []spec.Namespace{spec.NamespacePID}, Capabilities: []spec.Capability{"net_bind_service"}}, eve, bind, bind, "1", "2"},
		"root's, of its own":     {spec.Service{Namespaces: []spec.Namespace{spec.NamespacePID}}, nil, none, none, "1", "2"},
		"the parent, of its own": {spec.Service{Namespaces: []spec.Namespace{spec.NamespacePID}, User: "parent"}, eve, none, none, "1", "2"},
	} {
		file := "/proc/self/status"
		if tt.cfg.User == "parent" { // who stays beside the service has no more rights
			file = "/proc/1/status"
		}
		got := fields(confined(t, tt.cfg, tt.account, "cat "+file))
		want := map[string]string{"CapInh": tt.ambient, "CapPrm": tt.has, "CapEff": tt.has, "CapBnd": tt.has, "CapAmb": tt.ambient, "NoNewPrivs": tt.nnp, "Seccomp": tt.seccomp}
		for field, value := range want {
			if got[field] != value {
				t.Errorf("%s: %s is %s, want %s", name, field, got[field], value)
			}
		}
		if tt.account != nil && got["Uid"] != "70001 70001 70001 70001" {
			t.Errorf("%s: it is %s", name, got["Uid"])
		}
	}
	if got := fields(confined(t, spec.Service{Unconfined: true}, nil, "cat /proc/self/status")); got["CapEff"] == none || got["NoNewPrivs"] != "0" || got["Seccomp"] != "0" {
		t.Errorf("unconfined: %v", got)
	}
}

// All is read-only but what the row names, what is read-only for all among it; /tmp and /dev are the service's own.
func TestConfinedFiles(t *testing.T) {
	if !isolated(t) {
		return
	}
	for _, dir := range []string{"/mnt/open", "/mnt/shut", "/mnt/disk", "/mnt/disk/read"} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if dir == "/mnt/disk" || dir == "/mnt/disk/read" {
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=777"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(unix.Mount("", "/mnt/disk/read", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""), unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755")); err != nil {
		t.Fatal(err)
	}
	before := mounts(t)
	probe := fmt.Sprint("confined-", os.Getpid()) // in the machine's own /tmp, too
	try := `try() { (: >"$1"/` + probe + `) 2>/dev/null && echo "$1 yes" || echo "$1 no"; }; `
	eve := &syscall.Credential{Uid: 70001, Gid: 70001}
	got := confined(t, spec.Service{Writable: []string{"/mnt/open", "/mnt/disk", "/run/eve/files", "/dev/loop-control"}}, eve,
		try+"for d in / /etc /mnt /mnt/open /mnt/shut /mnt/disk /mnt/disk/read /run /run/eve/files /tmp /dev/shm; do try $d; done; stat -c '%u %a' /run/eve/files; ls -A /tmp; echo $(ls /dev); : >/dev/null && echo null")
	want := `/ no
/etc no
/mnt no
/mnt/open yes
/mnt/shut no
/mnt/disk yes
/mnt/disk/read no
/run no
/run/eve/files yes
/tmp yes
/dev/shm yes
70001 755
` + probe + `
fd full loop-control null ptmx pts random shm stderr stdin stdout tty urandom zero
null
`
	if got != want {
		t.Errorf("it says\n%swant\n%s", got, want)
	}
	// Root without rights is held to the same; the kernel's settings stay shut where /proc is open.
	got = confined(t, spec.Service{Writable: []string{"/proc", "/tmp"}}, nil, try+`for d in / /mnt/open /mnt/disk /tmp; do try $d; done
(echo x >/proc/sys/kernel/domainname) 2>/dev/null || echo settings no; (echo 0 >/proc/self/oom_score_adj) && echo own yes; stat -f -c %T /tmp >/dev/null && mount -t tmpfs x /tmp 2>/dev/null || echo mount no`)
	if want := "/ no\n/mnt/open no\n/mnt/disk no\n/tmp yes\nsettings no\nown yes\nmount no\n"; got != want {
		t.Errorf("root says\n%swant\n%s", got, want)
	}
	if err := os.Remove("/tmp/" + probe); err != nil {
		t.Errorf("/tmp was asked for, and was another: %v", err)
	}
	if after := mounts(t); after != before {
		t.Errorf("a mount got out:\n%s\nbefore:\n%s", after, before)
	}
}

// What the machine mounts and unmounts later is so for a service that runs: else it would keep a disk in use that nobody sees.
func TestConfinedFollowsMounts(t *testing.T) {
	if !isolated(t) {
		return
	}
	if err := errors.Join(os.MkdirAll("/mnt/late", 0o755), os.MkdirAll("/mnt/early", 0o755), unix.Mount("tmpfs", "/mnt/early", "tmpfs", 0, "")); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	l := Launcher{Environment: os.Environ(), Output: func(_, line string) { lines <- line }, Sandboxed: []string{"/proc/self/exe", "sandbox"}, Input: read}
	p, err := l.Start("a", spec.Service{Writable: []string{"/mnt/early"}, Command: script(`echo ready; while read -r x; do grep -c " /mnt/[el]a" /proc/self/mountinfo; done`)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	ask := func(want string) {
		t.Helper()
		if want != "ready" {
			fmt.Fprintln(write, "look")
		}
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it says nothing")
		}
	}
	ask("ready")
	ask("1")
	if err := unix.Mount("tmpfs", "/mnt/late", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	ask("2")
	if err := errors.Join(unix.Unmount("/mnt/late", 0), unix.Unmount("/mnt/early", 0)); err != nil {
		t.Fatal(err)
	}
	ask("0")
}

// The filter refuses what is no server's work, lets single groups through, and says of calls that are newer than itself, and of the other
// interface's, that there are none.
func TestServiceFilter(t *testing.T) {
	for _, tt := range []struct {
		more []spec.CallGroup
		call uint32
		want uint32
	}{
		{nil, unix.SYS_READ, unix.SECCOMP_RET_ALLOW}, {nil, unix.SYS_CLONE3, unix.SECCOMP_RET_ALLOW}, {nil, unix.SYS_FCHMODAT2, unix.SECCOMP_RET_ALLOW},
		{nil, unix.SYS_SETGROUPS, unix.SECCOMP_RET_ALLOW}, {nil, unix.SYS_EXECVE, unix.SECCOMP_RET_ALLOW},
		{nil, unix.SYS_MOUNT, seccomp.Refuse.K}, {nil, unix.SYS_BPF, seccomp.Refuse.K}, {nil, unix.SYS_PTRACE, seccomp.Refuse.K}, {nil, unix.SYS_KEXEC_LOAD, seccomp.Refuse.K}, {nil, unix.SYS_CHROOT, seccomp.Refuse.K},
		{nil, unix.SYS_USELIB, seccomp.Refuse.K}, {nil, 1000, seccomp.Lack.K}, {nil, 0x40000000 + unix.SYS_READ, seccomp.Lack.K},
		{[]spec.CallGroup{spec.CallsMount}, unix.SYS_MOUNT, unix.SECCOMP_RET_ALLOW}, {[]spec.CallGroup{spec.CallsMount}, unix.SYS_CHROOT, unix.SECCOMP_RET_ALLOW},
		{[]spec.CallGroup{spec.CallsMount}, unix.SYS_BPF, seccomp.Refuse.K}, {[]spec.CallGroup{spec.CallsPrivileged}, unix.SYS_BPF, unix.SECCOMP_RET_ALLOW},
	} {
		if got := answerOf(t, CallFilter(tt.more), tt.call); got != tt.want {
			t.Errorf("%v, call %#x: %#x, want %#x", tt.more, tt.call, got, tt.want)
		}
	}
	if CallFilter([]spec.CallGroup{spec.CallsKnown}) != nil {
		t.Error("of all known calls some are refused")
	}
}

// answerOf runs a filter as the kernel would (Documentation/networking/filter.rst), for a call of this architecture.
func answerOf(t *testing.T, program seccomp.Filter, call uint32) uint32 {
	t.Helper()
	var a uint32
	for at := 0; at < len(program); at++ {
		f := program[at]
		jump := func(yes bool) {
			if yes {
				at += int(f.Jt)
			} else {
				at += int(f.Jf)
			}
		}
		switch f.Code {
		case seccomp.Load:
			a = map[uint32]uint32{seccomp.CallArch: seccomp.ArchX8664, seccomp.CallNumber: call}[f.K]
		case seccomp.JumpEqual:
			jump(a == f.K)
		case seccomp.JumpAbove:
			jump(a > f.K)
		case seccomp.Answer:
			return f.K
		default:
			t.Fatalf("instruction %d is %#x", at, f.Code)
		}
	}
	t.Fatal("the program has no end")
	return 0
}

// A row that cannot be held to says why.
func TestConfinedErrors(t *testing.T) {
	if !isolated(t) {
		return
	}
	lines := make(chan string, 10)
	l := Launcher{Environment: os.Environ(), Output: func(_, line string) { lines <- line }, Sandboxed: []string{"/proc/self/exe", "sandbox"}}
	p, err := l.Start("a", spec.Service{Writable: []string{"/mnt/nothing"}, Command: []string{"/bin/true"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if exit := p.Wait(); exit.Success() {
		t.Error("it started")
	}
	if got, want := bufio.NewScanner(strings.NewReader(<-lines)), "sandbox: letting it write to /mnt/nothing: no such file or directory"; !got.Scan() || got.Text() != want {
		t.Errorf("it says %q, want %q", got.Text(), want)
	}
	if _, err := l.Start("a", spec.Service{Command: []string{"/no/such/program"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that is not there: %v", err)
	}
}
