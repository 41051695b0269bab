package container

import (
	"archive/tar"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// held are what keeps a process in a container: what is the same of one that was started there later.
const held = `grep -E '^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp):' /proc/self/status; for n in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$n; done; ulimit -Hc; cat /proc/self/oom_score_adj /proc/self/cgroup`

// A command in a container has the rights that the container has, and no more.
func TestExecHasNoMore(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	script := held + "; echo done; exec sleep 1000"
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sh", "-c", script}}})
	b.all["web"].image.UID, b.all["web"].image.GID = 1000, 1000
	b.begins(t, "web")
	lines := b.said(t, "web", "done")
	args, err := execCommand("web", []string{"/bin/sh", "-c", held + "; echo done"}, false)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader("") // a pipe, which may become the account's
	out, err := cmd.CombinedOutput()
	if got := strings.Split(strings.TrimSpace(string(out)), "\n"); err != nil || !slices.Equal(got, lines) {
		t.Errorf("a command in it has\n%s\n%v; it has itself\n%s", out, err, strings.Join(lines, "\n"))
	}
}

// A terminal that a command only writes to stays out of its container, where it could be read, too.
func TestExecKeepsTheTerminal(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sh", "-c", "echo done; exec sleep 1000"}}})
	b.begins(t, "web")
	b.said(t, "web", "done")
	master, slave := terminalOf(t)
	cmd := exec.Command("/proc/self/exe", execName, "web", "/bin/sh", "-c", "echo $(readlink /proc/$$/fd/1) $(readlink /proc/$$/fd/2); exit 3")
	cmd.Stdout, cmd.Stderr = slave, slave
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("it ended with %v", err)
	}
	slave.Close()
	said := make([]byte, 4096)
	got, err := master.Read(said)
	if lines := strings.Fields(string(said[:got])); err != nil || len(lines) != 2 || !strings.HasPrefix(lines[0], "pipe:") || !strings.HasPrefix(lines[1], "pipe:") {
		t.Errorf("its output goes to %q, %v", said[:got], err)
	}
}

// Who is in a container finds nothing of the machine in what comes in: not the program crun, nor what it has open.
func TestExecBringsNothing(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/escapist", "hunt"}}})
	b.all["web"].image.Layers = append(b.all["web"].image.Layers, hostile(t, tar.Header{Name: "bin/self", Typeflag: tar.TypeSymlink, Linkname: "/proc/self/exe"}))
	b.begins(t, "web")
	for n := 0; n < 1000 && !b.hasSaid("web", "seen 20"); n++ { // on a busy machine it misses some
		command := []string{"/bin/true"}
		if n%2 == 0 {
			command = []string{"/bin/self", "--version"} // crun itself, if it were there
		}
		args, err := execCommand("web", command, false)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin = strings.NewReader("")
		if out, err := cmd.CombinedOutput(); err != nil && n%2 == 1 {
			t.Errorf("%v: %s", err, out)
		}
	}
	for _, line := range b.said(t, "web", "seen 20") {
		if !strings.HasPrefix(line, "seen ") {
			t.Error(line)
		}
	}
}

// What a command says goes into a file as it is, also where somebody at a terminal has typed the command: not as a terminal's lines, and
// without its errors. It reads what is typed.
func TestExecIntoFile(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sh", "-c", "echo done; exec sleep 1000"}}})
	b.begins(t, "web")
	b.said(t, "web", "done")
	master, slave := terminalOf(t)
	if _, err := master.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	var out, errors strings.Builder
	cmd := exec.Command("/proc/self/exe", execName, "web", "/bin/sh", "-c", "read line; printf '%s\\n' $line; echo wrong >&2; exit 3")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, &out, &errors
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 3 || out.String() != "typed\n" || errors.String() != "wrong\n" {
		t.Errorf("it ended with %v; it says %q, and of errors %q", err, out.String(), errors.String())
	}
}

// terminalOf is a new terminal, from both sides (pts(4)).
func terminalOf(t *testing.T) (master, slave *os.File) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}
