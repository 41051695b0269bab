package share

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func show(ops []Op) []string {
	var lines []string
	for _, op := range ops {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", op.Verb, strings.TrimPrefix(op.Path, target+"/"), strings.ReplaceAll(op.Value, target+"/", ""))))
	}
	return lines
}

func TestPlanISCSI(t *testing.T) {
	const group = "iscsi/iqn.2026-01.example:a/tpgt_1"
	store := []string{
		"mkdir core/fileio_0", "mkdir core/fileio_0/a", "write core/fileio_0/a/control fd_dev_name=/srv/a,fd_dev_size=1048576",
		"write core/fileio_0/a/wwn/vpd_unit_serial SERIAL", "write core/fileio_0/a/enable 1",
		"mkdir iscsi", "mkdir iscsi/iqn.2026-01.example:a", "mkdir " + group, "mkdir " + group + "/lun/lun_0", "link " + group + "/lun/lun_0/a core/fileio_0/a",
	}
	for _, test := range []struct {
		name string
		cfg  spec.ISCSIShare
		disk Disk
		want []string
	}{
		{"an initiator by name, read only", spec.ISCSIShare{Initiators: []spec.IQN{"iqn.2026-01.example:client"}, ReadOnly: true}, Disk{Size: 1 << 20}, append(slices.Clone(store),
			"write "+group+"/attrib/authentication 0", "write "+group+"/attrib/generate_node_acls 0", "write "+group+"/attrib/cache_dynamic_acls 0", "write "+group+"/attrib/demo_mode_discovery 0", "write "+group+"/attrib/demo_mode_write_protect 1",
			"mkdir "+group+"/acls/iqn.2026-01.example:client", "mkdir "+group+"/acls/iqn.2026-01.example:client/lun_0",
			"link "+group+"/acls/iqn.2026-01.example:client/lun_0/a "+group+"/lun/lun_0", "write "+group+"/acls/iqn.2026-01.example:client/lun_0/write_protect 1",
			"mkdir "+group+"/np/[::]:3260", "write "+group+"/enable 1")},
		{"anybody with the password", spec.ISCSIShare{User: "anna"}, Disk{Size: 1 << 20, Password: "correct horse"}, append(slices.Clone(store),
			"write "+group+"/attrib/authentication 1", "write "+group+"/attrib/generate_node_acls 1", "write "+group+"/attrib/cache_dynamic_acls 1", "write "+group+"/attrib/demo_mode_discovery 0", "write "+group+"/attrib/demo_mode_write_protect 0",
			"write "+group+"/auth/userid anna", "write "+group+"/auth/password correct horse",
			"mkdir "+group+"/np/[::]:3260", "write "+group+"/enable 1")},
		{"by name and password, both ways, on two addresses", spec.ISCSIShare{User: "anna", MutualUser: "nas", Initiators: []spec.IQN{"iqn.2026-01.example:client"},
			Listen: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}, Disk{Size: 1 << 20, Password: "correct horse", Mutual: "battery staple"}, append(slices.Clone(store),
			"write "+group+"/attrib/authentication 1", "write "+group+"/attrib/generate_node_acls 0", "write "+group+"/attrib/cache_dynamic_acls 0", "write "+group+"/attrib/demo_mode_discovery 0", "write "+group+"/attrib/demo_mode_write_protect 0",
			"mkdir "+group+"/acls/iqn.2026-01.example:client", "mkdir "+group+"/acls/iqn.2026-01.example:client/lun_0",
			"link "+group+"/acls/iqn.2026-01.example:client/lun_0/a "+group+"/lun/lun_0", "write "+group+"/acls/iqn.2026-01.example:client/lun_0/write_protect 0",
			"write "+group+"/acls/iqn.2026-01.example:client/auth/userid anna", "write "+group+"/acls/iqn.2026-01.example:client/auth/password correct horse",
			"write "+group+"/acls/iqn.2026-01.example:client/auth/userid_mutual nas", "write "+group+"/acls/iqn.2026-01.example:client/auth/password_mutual battery staple",
			"mkdir "+group+"/np/192.0.2.1:3260", "mkdir "+group+"/np/[2001:db8::1]:3260", "write "+group+"/enable 1")},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cfg.Target, test.cfg.Source = "iqn.2026-01.example:a", "/srv/a"
			ops := PlanISCSI(map[string]spec.ISCSIShare{"a": test.cfg}, map[string]Disk{"a": test.disk})
			got := show(ops)
			for i := range got {
				if before, ok := strings.CutSuffix(got[i], ops[i].Value); ok && strings.HasSuffix(before, "vpd_unit_serial ") && len(ops[i].Value) == 32 {
					got[i] = before + "SERIAL"
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Who only asks what there is is asked for the account where there is one for all.
func TestPlanDiscovery(t *testing.T) {
	anna := spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: "/a"}}
	ben := spec.ISCSIShare{User: "ben", PasswordFile: spec.Source{File: "/b"}}
	open := spec.ISCSIShare{Insecure: true}
	disk := Disk{Password: "correct horse"}
	enforced := []string{"mkdir iscsi", "write iscsi/discovery_auth/userid anna", "write iscsi/discovery_auth/password correct horse", "write iscsi/discovery_auth/enforce_discovery_auth 1"}
	for name, test := range map[string]struct {
		rows  map[string]spec.ISCSIShare
		disks map[string]Disk
		want  []string
	}{
		"one account":                 {map[string]spec.ISCSIShare{"a": anna, "b": anna}, map[string]Disk{"a": disk, "b": disk}, enforced},
		"one of the disks is missing": {map[string]spec.ISCSIShare{"a": anna, "b": anna}, map[string]Disk{"b": disk}, enforced},
		"all are missing":             {map[string]spec.ISCSIShare{"a": anna}, nil, nil},
		"two accounts":                {map[string]spec.ISCSIShare{"a": anna, "b": ben}, map[string]Disk{"a": disk, "b": disk}, nil},
		"one by name":                 {map[string]spec.ISCSIShare{"a": anna, "b": open}, map[string]Disk{"a": disk, "b": {}}, nil},
	} {
		if got := show(planDiscovery(test.rows, test.disks)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestUndo(t *testing.T) {
	cfg := spec.ISCSIShare{Target: "iqn.2026-01.example:a", Source: "/dev/vdb", Initiators: []spec.IQN{"iqn.2026-01.example:c"}}
	ops := PlanISCSI(map[string]spec.ISCSIShare{"a": cfg}, map[string]Disk{"a": {Device: true}})
	undo := show(Undo(ops))
	if undo[0] != "write iscsi/iqn.2026-01.example:a/tpgt_1/enable 0" {
		t.Errorf("it begins with %s", undo[0])
	}
	made := 0
	for _, op := range ops {
		if op.Verb != Write {
			made++
			if i := slices.Index(undo, "remove "+strings.TrimPrefix(op.Path, target+"/")); i != len(undo)-made {
				t.Errorf("%s, step %d of those that make, is undone as step %d of %d", op.Path, made, i, len(undo))
			}
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "disk")
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := find(spec.ISCSIShare{Source: file, Insecure: true}, nil); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	if d, err := find(spec.ISCSIShare{Source: file, Size: 4096, Insecure: true}, nil); err != nil || d.Size != 4096 || d.Device {
		t.Errorf("a file that is made: %+v, %v", d, err)
	}
	put("disk", "data")
	if d, err := find(spec.ISCSIShare{Source: file, Size: 4096, Insecure: true}, nil); err != nil || d.Size != 4 {
		t.Errorf("a file that is there: %+v, %v", d, err)
	}
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	long, open := filepath.Join(dir, "long"), filepath.Join(dir, "open")
	if err := errors.Join(os.Symlink("/etc/passwd", link), unix.Mkfifo(pipe, 0o600), os.WriteFile(long, nil, 0o600), os.Truncate(long, 500<<30),
		os.WriteFile(open, []byte("a long password"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]spec.ISCSIShare{
		"link is a symbolic link; accepted: a regular file":      {Source: link, Size: 4096, Insecure: true},
		"pipe is a named pipe; accepted: a regular file":         {Source: pipe, Insecure: true},
		"/dev/null is not a block device":                        {Source: "/dev/null", Insecure: true},
		"pipe is a named pipe; accepted: a regular file\n":       {Source: file, User: "anna", PasswordFile: spec.Source{File: pipe}},
		"has 536870912000 bytes; accepted: at most 4096":         {Source: file, User: "anna", PasswordFile: spec.Source{File: long}},
		"open may be read or written by others (mode 0644); acc": {Source: file, User: "anna", PasswordFile: spec.Source{File: open}},
	} {
		if d, err := find(cfg, nil); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%+v: %+v, %v; want …%s", cfg, d, err, want)
		}
	}
	good, other := put("good", "correct horse\n"), put("other", "battery staple\r\n")
	for name, test := range map[string]struct {
		cfg  spec.ISCSIShare
		fine bool
	}{
		"a password":                 {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: good}}, true},
		"both sides'":                {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: good}, MutualUser: "nas", MutualPasswordFile: spec.Source{File: other}}, true},
		"nobody is asked":            {spec.ISCSIShare{Initiators: []spec.IQN{"iqn.2026-01.example:c"}}, false},
		"too short":                  {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: put("short", "elevenchars\n")}}, false},
		"too long":                   {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: put("long", strings.Repeat("x", 256))}}, false},
		"two lines":                  {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: put("lines", "correct horse\nbattery staple\n")}}, false},
		"the kernel's word for none": {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: put("null", "NULLNULLNULLNULL\n")}}, false},
		"is not there":               {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: filepath.Join(dir, "none")}}, false},
		"the same on both sides":     {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: good}, MutualUser: "nas", MutualPasswordFile: spec.Source{File: put("same", "correct horse")}}, false},
		"the target's is not there":  {spec.ISCSIShare{User: "anna", PasswordFile: spec.Source{File: good}, MutualUser: "nas", MutualPasswordFile: spec.Source{File: filepath.Join(dir, "none")}}, false},
	} {
		test.cfg.Source = file
		_, err := find(test.cfg, nil)
		if (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "elevenchars") || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: the password is shown: %v", name, err)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		f     folder
		fails bool
	}{
		{"there", folder{path: dir}, false},
		{"a file", folder{path: file, create: true}, true},
		{"not there", folder{path: filepath.Join(dir, "a")}, true},
		{"made", folder{path: filepath.Join(dir, "b", "c"), create: true}, false},
		{"of nobody known", folder{path: filepath.Join(dir, "d"), create: true, owner: "no such account"}, true},
	} {
		if err := test.f.prepare(); (err != nil) != test.fails {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "b", "c")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("a folder was made unasked")
	}
}

// What a worker that crashed had set up is left alone; what it had begun is not taken for that.
func TestOffered(t *testing.T) {
	type verdict struct{ begun, done bool }
	for text, want := range map[string]verdict{"1\n": {true, true}, "0\n": {true, false}, "": {}} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, "enable"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		begun, done := offered(dir)
		if got := (verdict{begun, done}); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// A member of an array is not offered, nor made where it is missing.
func TestMembersAreNotOffered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	why := errors.New("it belongs to an array")
	if _, err := findAlone(spec.ISCSIShare{Source: file, Size: 4096, Insecure: true}, nil, func(device string) error {
		if device != file {
			t.Errorf("asked for %s", device)
		}
		return why
	}); !errors.Is(err, why) {
		t.Errorf("offered: %v", err)
	}
	if d, err := findAlone(spec.ISCSIShare{Source: file, Size: 4096, Insecure: true}, nil, func(string) error { return nil }); err != nil || d.Size != 4096 {
		t.Errorf("%+v, %v", d, err)
	}
}
