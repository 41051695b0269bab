package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What a container reads from and writes to stays whose it was: crun gives its account the files that it starts it with, and who owns a
// file can open it once more, to write, or keep others out of it. So /dev/null was the last container's.
func TestFilesStayWhoseTheyWere(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	row := spec.Container{Command: []string{"/bin/sh", "-c", "echo done; exec sleep 1000"}}
	mine := row
	mine.Namespaces = []spec.ContainerNamespace{"pid", "net", "ipc", "uts", "cgroup"}
	b := boot(t, map[string]spec.Container{"theirs": row, "mine": mine})
	dir := t.TempDir()
	for name, one := range b.all {
		one.image.UID, one.image.GID = 1000, 1000
		in, out := filepath.Join(dir, name+".in"), filepath.Join(dir, name+".out")
		if err := os.WriteFile(in, []byte("words\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(os.DevNull, 0, 0); err != nil {
			t.Fatal(err)
		}
		b.begins(t, name)
		b.said(t, name, "done")
		whose(t, name, os.DevNull)
		cmd := exec.Command("/proc/self/exe", execName, name, "/bin/cat")
		var err error
		if cmd.Stdin, err = os.Open(in); err != nil {
			t.Fatal(err)
		}
		if cmd.Stdout, err = os.OpenFile(out, os.O_WRONLY|os.O_CREATE, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
		for _, file := range []string{os.DevNull, in, out} { // cmd's standard error is the first
			whose(t, name, file)
		}
		if said, err := os.ReadFile(out); err != nil || string(said) != "words\n" {
			t.Errorf("%s: it says %q, %v", name, said, err)
		}
	}
}

// whose says that a file is not root's.
func whose(t *testing.T, container, file string) {
	t.Helper()
	var now unix.Stat_t
	if err := unix.Stat(file, &now); err != nil || now.Uid != 0 || now.Gid != 0 {
		t.Errorf("%s: %s belongs to %s, %v", container, file, strconv.Itoa(int(now.Uid)), err)
	}
}
