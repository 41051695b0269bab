package qemu

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/terminal"
)

// inNamespace runs a test in a process and a network namespace of its own. Root stays root there, for guests run as other users.
func inNamespace(t *testing.T) bool {
	t.Helper()
	var user uintptr
	if os.Getuid() != 0 {
		user = syscall.CLONE_NEWUSER
	}
	return nettest.Within(t, time.Minute, user)
}

// launch starts this machine's QEMU with a plan, without any rights.
func launch(t *testing.T, p Plan) (*exec.Cmd, *Guest, *Opened) {
	t.Helper()
	program := needed.Program(t, "qemu-system-x86_64")
	o, err := Open(p.Files)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, p.Args...)
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = o.Files, os.Stderr, os.Stderr
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.UID, Gid: p.UID}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		o.Hangup()
	})
	return cmd, Connect(o), o
}

// A QEMU as the planner wants it, with everything that needs no KVM: no firmware boots anything from the empty
// disks, but QEMU must take each argument and each open file.
func TestQEMU(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br20"}}
	if err := netlink.LinkAdd(bridge); err != nil {
		t.Skipf("no bridges here: %v", err)
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("no tap devices here: %v", err)
	}
	dir := t.TempDir()
	cfg := full
	cfg.Firmware, cfg.Memory = "bios", 64<<20
	cfg.Disk = map[string]spec.VMDisk{
		"a":  {Path: filepath.Join(dir, "new", "a.qcow2"), Format: "qcow2", Create: true, Size: 8 << 30, Bus: "virtio"},
		"b":  {Path: filepath.Join(dir, "b.img"), Create: true, Size: 1 << 30, Bus: "ahci"},
		"cd": {Path: filepath.Join(dir, "cd.iso"), Bus: "cdrom"},
	}
	cfg.NIC = map[string]spec.VMNIC{"lan": {Bridge: "br20"}, "old": {Bridge: "br20", Model: "e1000"}}
	if err := os.WriteFile(cfg.Disk["cd"].Path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Make("web", filled(cfg), Host{Name: "box", Names: []string{"web"}})
	cmd, g, o := launch(t, p)
	serial := &terminal.Terminal{}
	attached := make(chan struct{})
	go func() {
		defer close(attached)
		serial.Attach(o.Console)
	}()
	<-g.ready
	if g.Running() == 0 {
		t.Fatal("QEMU does not run")
	}
	for _, name := range []string{"web-lan", "web-old"} {
		l, err := netlink.LinkByName(name)
		if err != nil || l.Attrs().MasterIndex != bridge.Attrs().Index || l.Attrs().Flags&net.FlagUp == 0 {
			t.Errorf("interface %s: %+v, %v", name, l, err)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	wants := []string{"\nSeccomp:\t2\n"}
	if os.Getuid() == 0 {
		wants = append(wants, "\nUid:\t65536\t65536\t65536\t65536\n", "\nCapEff:\t0000000000000000\n")
	}
	for _, want := range wants {
		if !strings.Contains(string(status), want) {
			t.Errorf("QEMU's status lacks %q:\n%s", want, status)
		}
	}
	if err := g.PowerDown(); err != nil {
		t.Error(err)
	}
	if _, err := g.Disks(); err != nil {
		t.Error(err)
	}
	// SeaBIOS tells on the console what it is, and again when the guest is reset. A reset in its first moments,
	// on its way from the ROM into memory, stops it for good in five runs of six (QEMU 7.2, emulated).
	socket := filepath.Join(dir, "console")
	l, err := serial.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = client.SetDeadline(time.Now().Add(20 * time.Second))
	if err := expect(client, "No bootable device"); err != nil {
		t.Error(err)
	}
	if err := g.Reset(); err != nil {
		t.Error(err)
	}
	if err := expect(client, "SeaBIOS"); err != nil {
		t.Errorf("after the reset: %v", err)
	}
	g.Quit()
	if err := cmd.Wait(); err != nil {
		t.Errorf("QEMU ended with %v", err)
	}
	<-attached
	if err := g.PowerDown(); err == nil {
		t.Error("no error from a QEMU that is gone")
	}
	g.Exited()
	if _, err := netlink.LinkByName("web-lan"); err == nil {
		t.Error("the interface outlives QEMU")
	}
}

// expect reads until a text comes.
func expect(r io.Reader, text string) error {
	var seen []byte
	b := make([]byte, 4096)
	for !strings.Contains(string(seen), text) {
		n, err := r.Read(b)
		seen = append(seen, b[:n]...)
		if err != nil {
			return fmt.Errorf("waiting for %q: %w; saw %q", text, err, seen)
		}
	}
	return nil
}

// A QEMU that refuses its arguments is gone before it says anything.
func TestQEMURefuses(t *testing.T) {
	p := Make("web", filled(spec.VM{Memory: 64 << 20, Kernel: "/no/such/kernel"}), Host{Names: []string{"web"}})
	cmd, g, _ := launch(t, p)
	if err := cmd.Wait(); err == nil {
		t.Error("QEMU takes a kernel that is not there")
	}
	if err := g.PowerDown(); err == nil || g.Running() != 0 {
		t.Errorf("PowerDown = %v, running after %v", err, g.Running())
	}
	g.Quit()
}

// UEFI starts from the package's files, and keeps its variables in a file of the guest's.
func TestQEMUWithUEFI(t *testing.T) {
	for _, file := range []string{uefiCode, uefiVars} {
		needed.File(t, file)
	}
	cfg := filled(spec.VM{Memory: 64 << 20, Firmware: "uefi", UEFIVars: filepath.Join(t.TempDir(), "vm", "web.vars")})
	cmd, g, _ := launch(t, Make("web", cfg, Host{Name: "box", Names: []string{"web"}}))
	if g.Await() == 0 {
		t.Fatal("QEMU does not run")
	}
	template, err1 := os.Stat(uefiVars)
	vars, err2 := os.Stat(cfg.UEFIVars)
	if err := errors.Join(err1, err2); err != nil || vars.Size() != template.Size() {
		t.Errorf("the variables: %+v, %v", vars, err)
	}
	g.Quit()
	if err := cmd.Wait(); err != nil {
		t.Errorf("QEMU ended with %v", err)
	}
}
