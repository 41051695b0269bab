// Package holdertest has what holds disks and files, for tests of who must leave them alone.
package holdertest

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// Guest starts a program that looks like the guest web and has a file open, or a device, as flag says (os.O_RDWR). It is gone when the
// test ends, or the function that is returned was called.
func Guest(t *testing.T, path string, flag int) (end func()) {
	t.Helper()
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	guest := exec.Cmd{Path: "/bin/sh", Args: []string{"qemu-system-x86_64", "-c", "read x", "-name", "guest=web"}, ExtraFiles: []*os.File{f}}
	in, err := guest.StdinPipe()
	if err == nil {
		err = guest.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		in.Close()
		_ = guest.Wait()
	})
	t.Cleanup(end)
	return end
}
