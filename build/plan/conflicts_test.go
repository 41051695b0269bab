package plan

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// crowded asks for some files twice: a command by its name and a package's, a package's and an overlay's, and what every image has.
const crowded = box + `
[image]
commands = ["default", "ls"]
overlays = ["site"]
[packages.coreutils]
files = ["/bin/ls", "/bin/cat"]
[packages.login]
files = ["/bin/login"]
[packages.tools]
files = ["/sbin/tool", "/usr/share/zoneinfo"]
[packages.more]
files = ["/bin/more", "/usr/bin/more"]
[packages.most]
files = ["/usr/bin/most", "/bin/more"]
`

var crowdedCommands = []Command{
	{Name: "cat", Program: BusyboxName, Key: "image.commands[0]", Yields: true},
	{Name: "ls", Program: BusyboxName, Key: "image.commands[1]"},
	{Name: "vi", Program: AppletName, Key: "image.commands[0]", Yields: true},
}

func overlaid(path string) tree.File {
	return tree.File{Path: path, Mode: 0o755, Size: 3, From: tree.Source{Store: "overlay", Name: "site", Path: path, SHA256: path}, Why: "overlay site"}
}

// Every conflict is told at once, where the later of the two is asked for, with what would end it.
func TestConflictsAreToldAtTheirPlaces(t *testing.T) {
	overlays := []Overlay{{Name: "site", Files: []tree.File{
		overlaid("bin/vi"), overlaid("etc/hostname"), overlaid("usr/sbin/tool"), overlaid("usr/share/zoneinfo/Mine"),
	}}}
	found, err := Conflicts(load(t, crowded), crowdedCommands, overlays)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ place, remedy string }{
		{"box.toml:20:13: image.overlays[0]: two files want to be etc/hostname: base configuration, and overlay site; ", `accepted: image.replace = ["/etc/hostname"], which lets the overlay win, or leave etc/hostname out of overlay site`},
		{"box.toml:20:13: image.overlays[0]: two files want to be usr/sbin/tool: package tools: /sbin/tool (box.toml:26:10), and overlay site; ", `accepted: image.replace = ["/usr/sbin/tool"], which lets the overlay win, or leave usr/sbin/tool out of overlay site, or leave /sbin/tool out of packages.tools.files`},
		{"box.toml:22:10: packages.coreutils.files[0]: two files want to be usr/bin/ls: command ls (box.toml:19:24), and package coreutils: /bin/ls; ", `accepted: leave /bin/ls out of packages.coreutils.files, or leave "ls" out of image.commands`},
		{"box.toml:24:10: packages.login.files[0]: two files want to be usr/bin/login: uinit under another name, and package login: /bin/login; ", "accepted: leave /bin/login out of packages.login.files"},
		{"box.toml:30:27: packages.most.files[1]: two files want to be usr/bin/more: package more: /bin/more (box.toml:28:10), and package most: /bin/more; ", "accepted: leave /bin/more out of packages.most.files, or leave /bin/more out of packages.more.files"},
	}
	if len(found) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(found), len(want), found)
	}
	for i, w := range want {
		if got := found[i].String(); !strings.HasPrefix(got, w.place) || !strings.HasSuffix(got, w.remedy) {
			t.Errorf("%s\nwant %s … %s", got, w.place, w.remedy)
		}
	}
}

// What "default" brings gives way to what a package or an overlay has under the same name, wherever a shell looks for it; a command that
// is asked for by its name does not.
func TestDefaultGivesWay(t *testing.T) {
	in := inputs(t)
	in.Commands = []Command{
		{Name: "sh", Program: AppletName}, {Name: "ip", Program: AppletName, Yields: true}, {Name: "ls", Program: BusyboxName, Yields: true}, {Name: "vi", Program: AppletName, Yields: true},
	}
	in.Packages = append(in.Packages, tree.File{Path: "usr/bin/busybox", Mode: 0o755, Size: 1, From: tree.Source{Store: "package", Name: "busybox", SHA256: "y"}, Why: "wanted"})
	in.Packages = append(in.Packages, tree.File{Path: "usr/sbin/ip", Mode: 0o755, Size: 1, From: tree.Source{Store: "package", Name: "iproute2", SHA256: "i"}, Why: "wanted"})
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{overlaid("bin/ls")}}}
	made, err := Make(load(t, box), in)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]tree.File{}
	for _, f := range made.Files {
		have[f.Path] = f
	}
	if f := have["usr/bin/ls"]; f.Mode&fs.ModeSymlink != 0 || f.From.Name != "site" {
		t.Errorf("the overlay's did not win: %+v", f)
	}
	if f, there := have["usr/bin/ip"]; there || have["usr/sbin/ip"].From.Name != "iproute2" {
		t.Errorf("beside the package's there is %+v", f)
	}
	if f := have["usr/bin/vi"]; f.Link != AppletName {
		t.Errorf("vi is %+v", f)
	}
	if f, there := have["usr/bin/"+BusyboxName]; there {
		t.Errorf("nobody is called by it, and it is there: %+v", f)
	}
	for i := range in.Commands {
		in.Commands[i].Yields = false
	}
	var problems profile.Problems
	if _, err := Make(load(t, box), in); !errors.As(err, &problems) || len(problems) != 1 {
		t.Errorf("asked for by name: %v", err)
	}
}

// A word of image.replace lets the overlay win over what does not give way.
func TestReplaceLetsTheOverlayWin(t *testing.T) {
	in := inputs(t)
	in.Overlays = []Overlay{{Name: "site", Files: []tree.File{overlaid("bin/ls")}}}
	if _, err := Make(load(t, box+"[image]\noverlays = [\"site\"]\n"), in); err == nil || !strings.Contains(err.Error(), "box.toml:18:13: image.overlays[0]: ") {
		t.Errorf("without it: %v", err)
	}
	made, err := Make(load(t, box+"[image]\noverlays = [\"site\"]\nreplace = [\"/usr/bin/ls\"]\n"), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range made.Files {
		if f.Path == "usr/bin/ls" && (f.Mode&fs.ModeSymlink != 0 || f.From.Name != "site") {
			t.Errorf("the overlay did not win: %+v", f)
		}
	}
}
