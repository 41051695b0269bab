package qemu_tests

import "testing"

// /usr as a file system that stays compressed, with an overlay's files laid over it, and as plain files.
func TestUsr(t *testing.T) {
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
			if s := off(t, g); s.Facts["stop.file_systems"].Value == nil {
				t.Error("the file systems were not let go")
			}
		})
	}
}
