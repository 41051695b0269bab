package plan

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

func TestMountsThatHideFiles(t *testing.T) {
	in := inputs(t)
	in.Packages = append(in.Packages, tree.File{Path: "usr/share/qemu/bios.bin", Mode: 0o644, Size: 1, From: tree.Source{Store: "package", Name: "seabios", Path: "/usr/share/qemu/bios.bin"}, Why: "packages.seabios"})
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{{Path: "opt/site/index", Mode: 0o644, Size: 1, From: tree.Source{Store: "overlay", Name: "site", Path: "opt/site/index"}}}}}
	for at, says := range map[string]string{
		"/opt/site": "", "/home": "", "/var": "", "/usr/share/other": "",
		"/usr/share/qemu": `mount."/usr/share/qemu": would hide /usr/share/qemu/bios.bin (packages.seabios); accepted: `,
		"/etc/samba":      `mount."/etc/samba": would hide /etc/samba/smb.conf (share.smb); accepted: `,
	} {
		text := strings.Replace(box, "authorized_keys", "nt_hash = \"8846F7EAEE8FB117AD06BDD830B7586C\"\n#", 1) + "[share.smb.x]\npath = \"/srv/x\"\nusers = [\"eve\"]\n[mount.\"" + at + "\"]\nsource = \"LABEL=x\"\ntype = \"ext4\"\n"
		_, err := Make(load(t, text), in)
		var problems profile.Problems
		if says == "" && err != nil || says != "" && (!errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].String(), says)) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// A shell that is not there keeps people out, whatever else they have.
func TestProgramsAreInTheImage(t *testing.T) {
	in := inputs(t)
	file := func(path string, mode fs.FileMode, link string) tree.File {
		f := tree.File{Path: path, Mode: mode, Link: link, Why: "packages.x"}
		if link == "" {
			f.Size, f.From = 1, tree.Source{Store: "package", Name: "x", Path: "/" + path}
		}
		return f
	}
	in.Packages = append(in.Packages, file("usr/bin/bash5", 0o755, ""), file("etc/alternatives/bash", fs.ModeSymlink, "../../bin/bash5"), file("usr/bin/bash", fs.ModeSymlink, "/etc/alternatives/bash"),
		file("usr/bin/data", 0o644, ""), file("usr/bin/loop", fs.ModeSymlink, "loop"), file("opt/d", fs.ModeSymlink, "/usr/bin"))
	for shell, says := range map[string]string{
		"/bin/sh": "", "/bin/bash": "", "/usr/bin/bash5": "", "/opt/d/bash": "", "/srv/shell": "", "/usr/sbin/nologin": "", "/init": "",
		"/bin/zsh": "/bin/zsh is not in the image", "/bin/data": "/bin/data is in the image, and cannot be executed", "/usr/bin": "/usr/bin is in the image, and cannot be executed", "/bin/loop": "/bin/loop is not in the image",
	} {
		_, err := Make(load(t, strings.Replace(box, "[user.bob]", "[user.bob]\nshell = \""+shell+"\"", 1)), in)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), "user.bob.shell: "+says)) {
			t.Errorf("%s: %v", shell, err)
		}
	}
}

// What a key names as a file of the image is one, once all that packages bring is known.
func TestFilesAreInTheImage(t *testing.T) {
	in := inputs(t)
	in.Packages = append(in.Packages, tree.File{Path: "etc/pki/ca.pem", Mode: 0o644, Size: 1, From: tree.Source{Store: "package", Name: "x", Path: "/etc/pki/ca.pem"}, Why: "packages.x"},
		tree.File{Path: "etc/ca", Mode: fs.ModeSymlink, Link: "pki/ca.pem", Why: "packages.x"})
	for ca, says := range map[string]string{
		"/etc/pki/ca.pem": "", "/etc/ca": "", "/srv/ca.pem": "", "/run/ca.pem": "",
		"/etc/pki/cb.pem": "/etc/pki/cb.pem is not in the image; accepted: a file of an overlay", "/usr/bin": "/usr/bin is in the image, and is no file",
	} {
		_, err := Make(load(t, box+"\n[log]\nremote = \"tls://192.0.2.1\"\nca = \""+ca+"\"\n"), in)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), "log.ca: "+says)) {
			t.Errorf("%s: %v", ca, err)
		}
	}
}

// A place that a service is to write to is there, whoever brings it: a directory that only holds something, a file, a home, a mount. Below
// /run it is made.
func TestPlacesToWriteToAreInTheImage(t *testing.T) {
	in := inputs(t)
	in.Packages = append(in.Packages, tree.File{Path: "etc/pki/ca.pem", Mode: 0o644, Size: 1, From: tree.Source{Store: "package", Name: "x", Path: "/etc/pki/ca.pem"}, Why: "packages.x"})
	for place, says := range map[string]string{
		"/": "", "/etc/pki": "", "/etc/pki/ca.pem": "", "/home/bob": "", "/srv/web": "", "/run/web": "", "/dev/net/tun": "", "/tmp": "", "/proc": "",
		"/var/lib/web": "/var/lib/web is not in the image; accepted: a directory of an overlay in image.overlays, one below /run, which is made, or one below a mount of the profile",
	} {
		_, err := Make(load(t, box+"\n[service.a]\ncommand = [\"/bin/sh\"]\nwritable = [\"/srv\", \""+place+"\"]\n"), in)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), "service.a.writable[1]: "+says)) {
			t.Errorf("%s: %v", place, err)
		}
	}
}
