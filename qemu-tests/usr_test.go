package qemu_tests

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/squashfs"
	"github.com/imgbuild/imgbuild/internal/boot"
)

// /usr as a file system that stays compressed, with an overlay's files laid over it, and as plain files.
func TestUsr(t *testing.T) {
	t.Parallel()
	overlay := map[string]string{"files/usr/bin/mine": "#!/bin/bash\necho mine\n", "files/usr/bin/tty": "#!/bin/bash\necho replaced\n"}
	with := "[image]\noverlays = [\"headless\", \"files\"]\nreplace = [\"/usr/bin/tty\"]\n"
	types := `while read -r _ at type _; do [[ $at == /usr || $at == /early/* ]] && echo -n "$at $type "; done </proc/mounts; :`
	for name, tt := range map[string]struct {
		text  string
		files map[string]string
		want  map[string]string
	}{
		"alone": {"", nil, map[string]string{
			types: "/usr squashfs", "echo x 2>&1 >/usr/x": "/bin/bash: line 1: /usr/x: Read-only file system",
			"readlink -f /sbin/modprobe": "/init", "modprobe dummy && while read -r n _; do [[ $n == dummy ]] && echo $n; done </proc/modules; :": "dummy",
		}},
		"with an overlay": {with, overlay, map[string]string{
			types: "/early/usr squashfs /usr overlay", "mine; tty; basename /a/b": "mine\nreplaced\nb",
			"readlink -f /sbin/modprobe": "/init",
		}},
		"unpacked": {with + "usr = \"unpacked\"\n", overlay, map[string]string{
			types: "", "mine; tty; basename /a/b": "mine\nreplaced\nb", "echo written >/usr/x && cat /usr/x": "written", "readlink -f /sbin/modprobe": "/init",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "with an overlay" { // nearly all other boots have it alone
				long(t)
			}
			if tt.files == nil {
				tt.files = map[string]string{}
			}
			g := extended(t, cloud+"modules = [\"dummy\"]\n"+tt.text, tt.files).boots(t)
			until(t, g, "the end of the boot", isBooted)
			for line, want := range tt.want {
				if got := inside(t, g, line+" || [ $? = 1 ]"); got != want {
					t.Errorf("%s prints\n%s\nwant\n%s", line, got, want)
				}
			}
			s := off(t, g)
			if s.Facts["stop.file_systems"].Value == nil {
				t.Error("the file systems were not let go")
			}
			if got, want := s.Units["usr"].State == "ok", name != "unpacked"; got != want {
				t.Errorf("/usr was mounted: %v, want %v", got, want)
			}
		})
	}
}

// Where /usr cannot be mounted a box does not hang: it says so above its prompt.
func TestUsrIsDamaged(t *testing.T) {
	t.Parallel()
	a := extended(t, cloud, map[string]string{})
	b, err := os.ReadFile(a.options.Initrd)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(squashfs.Magic))
	if at < 0 {
		t.Fatal("the initramfs holds no squashfs as it is")
	}
	copy(b[at:], "lost")
	a.options.Initrd = filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(a.options.Initrd, b, 0o644); err != nil {
		t.Fatal(err)
	}
	// Without drivers the box cannot report.
	vm, err := boot.Prepare(t.Context(), a.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	g := start(t, vm.Config)
	talk(t, g, [2]string{`! usr failed: mounting /usr from /early/usr\.squashfs: [\s\S]*login: $`, "\r"})
}
