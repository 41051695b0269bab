package container

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/needed"
	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/container/plan"
	"github.com/imgbuild/imgbuild/uinit/feature/featuretest"
	"github.com/imgbuild/imgbuild/uinit/mount"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// A container sees itself alone, as root of nothing, and can write to what its row gives it only.
func TestRun(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	script := `id -u; cat /proc/1/comm; hostname; cat /proc/self/uid_map; touch /x || echo read-only; touch /tmp/x && echo tmp; touch /etc/x || echo etc
grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status; mount -t tmpfs none /srv || echo no mounts; cat /etc/hostname; echo done; exec sleep 1000`
	b := boot(t, map[string]spec.Container{"web": {Command: []string{"/bin/sh", "-c", script}, Tmpfs: map[string]spec.Size{"/tmp": 1 << 20}}})
	if err := b.begin(t.Context(), b.all["web"]); err != nil {
		t.Fatal(err)
	}
	lines := b.said(t, "web", "done")
	for _, want := range []string{"0", "sh", "web", "read-only", "tmp", "etc", "no mounts", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !slices.Contains(lines, want) {
			t.Errorf("it does not say %q: %q", want, lines)
		}
	}
	if pid, _ := b.all["web"].now(); pid == 0 {
		t.Error("nobody knows its first process")
	}
	if started, ok := featuretest.Fact(b.Deps, plan.Started.Of("web").Name).(float64); !ok || started <= 0 {
		t.Errorf("it started within %v", started)
	}
}

// A volume's files have the numbers of the container's accounts on the disk; a link on the way to one leads nowhere.
func TestVolume(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	disk := mountDisk(t)
	script := "echo seven > /data/file; id -u; cat /shown/text; touch /shown/x || echo shown; stat -c %u:%g /data /data/theirs; echo done; exec sleep 1000"
	b := boot(t, map[string]spec.Container{
		"web": {Command: []string{"/bin/sh", "-c", script}, Volume: map[string]spec.ContainerVolume{
			"/data": {Path: disk + "/web/data"}, "/shown": {Path: disk + "/shown", ReadOnly: true},
		}},
		"bad": {Command: []string{"/bin/true"}, Restart: spec.RestartNever, Volume: map[string]spec.ContainerVolume{"/data": {Path: disk + "/web/link/etc"}}},
	})
	b.Machine.Now().Mount = map[string]spec.Mount{disk: {Type: "ext4"}}
	if err := errors.Join(os.MkdirAll(disk+"/web/data", 0o755), os.WriteFile(disk+"/web/data/theirs", nil, 0o644), os.Chown(disk+"/web/data/theirs", 33, 33),
		os.Mkdir(disk+"/shown", 0o755), os.WriteFile(disk+"/shown/text", []byte("hello\n"), 0o644), os.Symlink("/", disk+"/web/link")); err != nil {
		t.Fatal(err)
	}
	b.begins(t, "web")
	lines := b.said(t, "web", "done")
	for _, want := range []string{"0:0", "33:33", "hello", "shown"} {
		if !slices.Contains(lines, want) {
			t.Errorf("it does not say %q: %q", want, lines)
		}
	}
	var made unix.Stat_t
	if err := unix.Stat(disk+"/web/data/file", &made); err != nil || made.Uid != 0 {
		t.Errorf("its file belongs to %d, %v", made.Uid, err)
	}
	if err := b.begin(t.Context(), b.all["bad"]); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a volume behind a link: %v", err)
	}
}

// A system has an init that restarts and halts it, and a root that keeps what it wrote, though its numbers are others.
func TestSystem(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	disk := mountDisk(t)
	script := `echo boot >> /boots; touch /etc/of33; chown 33:34 /etc/of33; case $(grep -c boot /boots) in 1) reboot -f;; 2) poweroff -f;; *) stat -c %u:%g /boots /etc/of33 >/ready; exec sleep 1000;; esac; sleep 100`
	b := boot(t, map[string]spec.Container{"sys": {System: true, Command: []string{"/bin/sh", "-c", script},
		Root: spec.ContainerRoot{Path: disk + "/roots/sys.img", Size: 16 << 20}}})
	b.Machine.Now().Mount = map[string]spec.Mount{disk: {Type: "ext4"}}
	b.Disks.Format = func(_ context.Context, _, device string) error {
		return exec.Command(needed.Program(t, "mke2fs"), "-q", "-t", "ext4", device).Run()
	}
	one := b.all["sys"]
	b.begins(t, "sys")
	await(t, "its end", func() bool { return one.service.State() == supervise.Exited })
	if reboots := featuretest.Fact(b.Deps, plan.Reboots.Of("sys").Name); reboots != 1 {
		t.Errorf("it restarted %v times", reboots)
	}
	if err := b.end(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if mounted, err := mount.Mounts(); err != nil || mounted.At(one.disk()) != nil {
		t.Errorf("its disk is still mounted, or %v", err)
	}
	// A profile with one container more: the range is the next one, and the image's files are its.
	one.image.First += spec.OwnersEach
	one.image.Layers = []spec.ImageLayer{busybox(t, one.image.First)}
	b.begins(t, "sys")
	await(t, "its third start", func() bool { _, err := os.Stat(one.disk() + "/upper/ready"); return err == nil })
	if text, err := os.ReadFile(one.disk() + "/upper/ready"); err != nil || string(text) != "0:0\n33:34\n" {
		t.Errorf("its files belong to %q, %v", text, err)
	}
	info, err := os.Stat(disk + "/roots/sys.img")
	if err != nil || info.Sys().(*syscall.Stat_t).Blocks*512 < 16<<20 {
		t.Errorf("the file of its root is %+v, %v: not all of its space is taken", info, err)
	}
}

// A system's init may let go of its console, and open it again.
func TestConsoleAgain(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	script := `echo first; exec </dev/null >/dev/null 2>&1; sleep 0.2; echo again >/dev/console; exec sleep 1000`
	b := boot(t, map[string]spec.Container{"sys": {System: true, Command: []string{"/bin/sh", "-c", script}}})
	socket := filepath.Join(t.TempDir(), "console")
	served, err := b.all["sys"].terminal.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	b.begins(t, "sys")
	seen, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	_ = seen.SetReadDeadline(time.Now().Add(30 * time.Second))
	for said := bufio.NewScanner(seen); ; {
		if !said.Scan() {
			t.Fatalf("its console says nothing more: %v", said.Err())
		}
		if said.Text() == "again" {
			return
		}
	}
}

// An image that is damaged or missing is a reason not to start its container, and no other one.
func TestDamagedImage(t *testing.T) {
	if !nettest.Within(t, time.Minute, unix.CLONE_NEWNS) {
		return
	}
	rows := map[string]spec.Container{}
	for _, name := range []string{"good", "flipped", "short", "gone", "unknown"} {
		rows[name] = spec.Container{Command: []string{"/bin/sh", "-c", "echo runs; exec sleep 1000"}, Restart: spec.RestartNever}
	}
	b := boot(t, rows)
	change := func(name string, how func(file string, body []byte) error) {
		file := b.all[name].image.Layers[0].File
		body, err := os.ReadFile(file)
		if err == nil {
			err = how(file, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change("flipped", func(file string, body []byte) error { body[len(body)/2] ^= 1; return os.WriteFile(file, body, 0o600) })
	change("short", func(file string, body []byte) error { return os.WriteFile(file, body[:len(body)-1], 0o600) })
	change("gone", func(file string, _ []byte) error { return os.Remove(file) })
	_, b.all["unknown"].imageErr = readImage("no-such-container")
	for name, want := range map[string]string{"flipped": "its SHA-256 is", "short": "bytes, and the builder wrote", "gone": "no such file", "unknown": "reading what image it has"} {
		if err := b.begin(t.Context(), b.all[name]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	b.begins(t, "good")
	b.said(t, "good", "runs")
}
