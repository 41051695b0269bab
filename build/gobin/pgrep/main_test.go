package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fake makes a /proc: a box's first process, a server with two children, one of another's names.
func fake(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range []struct {
		pid, parent, started int
		name, line           string
	}{
		{1, 0, 1, "uinit", "/init\x00"}, {20, 1, 50, "sshd", "/usr/bin/sshd\x00-p\x0022\x00"}, {31, 20, 70, "sshd", "sshd: root\x00"}, {30, 20, 90, "sshd", "sshd: eve\x00"},
		{40, 1, 60, "a) S 1 (b", "odd\x00"}, {50, 2, 2, "kworker/0:1", ""},
	} {
		at := filepath.Join(dir, fmt.Sprint(p.pid))
		stat := fmt.Sprintf("%d (%s) S %d%s %d 0 0", p.pid, p.name, p.parent, strings.Repeat(" 0", 17), p.started)
		if err := errors.Join(os.Mkdir(at, 0o755), os.WriteFile(at+"/stat", []byte(stat), 0o644), os.WriteFile(at+"/cmdline", []byte(p.line), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPgrep(t *testing.T) {
	proc := fake(t)
	for args, want := range map[string]string{
		"sshd": "20\n31\n30\n", "-n sshd": "30\n", "-o sshd": "20\n", "-x ssh": "", "-x sshd": "20\n31\n30\n", "-c ssh": "3\n", "-f root": "31\n", "-l uinit": "1 uinit\n",
		"-a -f sshd.*22": "20 /usr/bin/sshd -p 22\n", "-P 20 .": "31\n30\n", "-P 20": "31\n30\n", "-v sshd": "1\n50\n40\n", "(b": "?", "S.1": "40\n", "-f kworker": "50\n", "none": "",
		fmt.Sprintf("-u %d uinit", os.Getuid()): "1\n", "-u 12345 uinit": "", "": "?", "-u": "?", "-P x y": "?", "-z sshd": "?", "a b": "?", "-": "?",
	} {
		var out strings.Builder
		n, err := run(false, strings.Fields(args), proc, 9, &out, nil)
		if want == "?" {
			if !errors.As(err, new(usageError)) {
				t.Errorf("pgrep %s: %q, %v; it is not to be understood", args, out.String(), err)
			}
			continue
		}
		if err != nil || out.String() != want || (n == 0) != (want == "") {
			t.Errorf("pgrep %s: %q, %d, %v; want %q", args, out.String(), n, err, want)
		}
	}
}

func TestPkill(t *testing.T) {
	proc := fake(t)
	for args, want := range map[string]string{
		"sshd": "20 15,31 15,30 15", "-9 -f eve": "30 9", "-HUP uinit": "1 1", "-SIGKILL -n sshd": "30 9", "-0 uinit": "1 0", "none": "",
	} {
		var sent []string
		n, err := run(true, strings.Fields(args), proc, 9, nil, func(pid int, s syscall.Signal) error {
			sent = append(sent, fmt.Sprintf("%d %d", pid, s))
			return nil
		})
		if got := strings.Join(sent, ","); err != nil || got != want || n != len(sent) {
			t.Errorf("pkill %s: %q, %d, %v; want %q", args, got, n, err, want)
		}
	}
	if _, err := run(true, []string{"-l", "sshd"}, proc, 9, nil, nil); !errors.As(err, new(usageError)) {
		t.Errorf("pkill -l: %v", err)
	}
	refuse := func(int, syscall.Signal) error { return syscall.EPERM }
	if n, err := run(true, []string{"uinit"}, proc, 9, nil, refuse); n != 1 || !errors.Is(err, syscall.EPERM) {
		t.Errorf("%d, %v", n, err)
	}
}
