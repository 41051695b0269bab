package container

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/nettest"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Links of an image where something is mounted lead where they lead in its container (CVE-2021-30465): nothing of the machine is mounted
// over, or made.
func TestLinksInImages(t *testing.T) {
	if !nettest.Within(t, 2*time.Minute, unix.CLONE_NEWNS) {
		return
	}
	outside := t.TempDir() // which the links below name
	disk := mountDisk(t)
	if err := os.MkdirAll(disk+"/data", 0o755); err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("../", 20)
	cases := map[string]map[string]string{ // the links of an image
		"absolute": {"data": outside + "/a"}, "up": {"data": up + outside + "/b"}, "dangling": {"etc/hosts": "/run/nowhere/hosts", "etc/resolv.conf": "../run/systemd/resolv.conf"},
		"files": {"etc/hosts": up + outside + "/c", "etc/hostname": outside + "/d"}, "proc": {"data": "/proc", "tmp": "/sys"}, "self": {"data": "/proc/self/root", "tmp": "/proc/1/cwd"},
		"descriptors": {"data": "/proc/self/fd", "tmp": "/proc/self/fd/3"}, "circle": {"data": "data"},
		"kernel": {"proc": outside + "/e", "sys": "etc"}, "devices": {"dev": outside + "/f"}, "etc": {"etc": up + outside + "/g"}, "tmpfs": {"tmp": outside + "/h"},
	}
	rows := map[string]spec.Container{}
	for name := range cases {
		rows[name] = spec.Container{Command: []string{"/bin/sh", "-c", "echo done; exec sleep 1000"}, Restart: spec.RestartNever,
			Tmpfs: map[string]spec.Size{"/tmp": 1 << 20}, Volume: map[string]spec.ContainerVolume{"/data": {Path: disk + "/data"}}}
	}
	b := boot(t, rows)
	b.Machine.Now().Mount = map[string]spec.Mount{disk: {Type: "ext4"}}
	for name, links := range cases {
		layer := []tar.Header{{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755}}
		if links["etc"] != "" {
			layer = nil
		}
		for from, to := range links {
			layer = append(layer, tar.Header{Name: from, Typeflag: tar.TypeSymlink, Linkname: to})
		}
		b.all[name].image.Layers = append(b.all[name].image.Layers, hostile(t, layer...))
	}
	for name := range cases {
		before := mountPoints(t)
		err := b.begin(t.Context(), b.all[name])
		t.Logf("%s: %v", name, err)
		for at := range mountPoints(t) {
			if !before[at] && !strings.HasPrefix(at, "/run/containers/.layers/") {
				t.Errorf("%s: %s is mounted", name, at)
			}
		}
		if made, err := filepath.Glob(outside + "/*"); err != nil || len(made) > 0 {
			t.Errorf("%s: it made %q", name, made)
		}
		for _, file := range []string{"/run/nowhere", "/run/systemd/resolv.conf"} {
			if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: there is %s, %v", name, file, err)
			}
		}
	}
}

// mountPoints are those of this process.
func mountPoints(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		all[strings.Fields(line)[4]] = true
	}
	return all
}
