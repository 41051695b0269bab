package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/boot"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Who lacks QEMU is told so, with what to install, before anything is built and before a password is printed.
func TestRunWithoutQEMU(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("IMGBUILD_CACHE", filepath.Join(dir, "cache"))
	t.Setenv("PATH", dir)
	for _, verb := range []string{"run", "test"} {
		code, stdout, stderr := imgbuild(t, dir, verb, "headless")
		if code != exitFailed || stdout != "" || stderr != "imgbuild: qemu-system-x86_64 is missing: install Debian's package qemu-system-x86\n" {
			t.Errorf("%s: exit %d, %q, %q", verb, code, stdout, stderr)
		}
	}
	if made, _ := filepath.Glob(filepath.Join(dir, "cache", "entry", "*")); len(made) > 0 {
		t.Errorf("built: %q", made)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); !os.IsNotExist(err) {
		t.Errorf("artifacts: %v", err)
	}
}

// Wrong flags are told before anything is built.
func TestRunFlags(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for want, args := range map[string][]string{
		`--forward: "22" is no forwarded port; accepted: HOST:GUEST, such as 2222:22`: {"--forward", "22"},
		"forwarding to the guest: listen tcp4 127.0.0.1:" + port:                      {"--forward", port + ":22"},
		"--forward goes with an interface":                                            {"--forward", "2222:22", "--nic", "0"},
		"--serial 5; accepted: 1 to 4":                                                {"--serial", "5"},
		"--nic 17; accepted: 0 to 16":                                                 {"--nic", "17"},
		"--disk none.img: there is no such file; accepted: the file of a disk, or a size such as 4G for a blank one": {"--disk", "none.img"},
		"--disk .: there is no such file":  {"--disk", "."},
		"--disk 4X: there is no such file": {"--disk", "4X"},
	} {
		code, _, stderr := imgbuild(t, dir, append([]string{"run", "headless"}, args...)...)
		if code == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %q, want %q", args, code, stderr, want)
		}
	}
}

// The machine has what the flags say beside what the profile says.
func TestRunHardware(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"old disk.qcow2": "QFI\xfb\x00\x00\x00\x03", "data.img": "plain", "1.img": "x", "sub-data.img": "y"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := hardware{nics: 3, serials: 2, keep: true, monitor: true, disks: []string{"4G", "./data.img", "old disk.qcow2", "1.img", "64M", "data.img"}}
	o := boot.Options{Serials: 1, Dir: "out/disks", Run: profile.Run{Disk: map[string]profile.RunDisk{"data": {Size: 1 << 20}}}}
	if err := h.add(&o, "out"); err != nil {
		t.Fatal(err)
	}
	if !o.Desk || !o.Pluggable || !o.Keep || o.Dir != "out/kept" || o.Serials != 2 || *o.Run.NICs != 3 {
		t.Errorf("%+v", o)
	}
	if d := o.Run.Disk; len(d) != 3 || d["disk1"].Size != 4<<30 || d["disk3"].Size != 64<<20 || d["data"].Size != 1<<20 {
		t.Errorf("blank disks %+v", d)
	}
	var got []string
	for _, d := range o.Disks {
		got = append(got, d.ID+" "+d.Format+" "+d.Path)
	}
	want := []string{"data1 raw ./data.img", "old-disk qcow2 old disk.qcow2", "disk2 raw 1.img", "data2 raw data.img"}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("disks\n%q\nwant\n%q", got, want)
	}
	if err := (&hardware{nics: -1}).add(&o, "out"); err != nil || *o.Run.NICs != 3 || o.Serials != 2 {
		t.Errorf("without flags: %v, %+v", err, o)
	}
}
