package share

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
		row  spec.ISCSIShare
		disk Disk
		want []string
	}{
		{"an initiator by name, read only", spec.ISCSIShare{Initiators: []spec.IQN{"iqn.2026-01.example:client"}, ReadOnly: true}, Disk{Size: 1 << 20}, append(slices.Clone(store),
			"write "+group+"/attrib/authentication 0", "write "+group+"/attrib/generate_node_acls 0", "write "+group+"/attrib/cache_dynamic_acls 0", "write "+group+"/attrib/demo_mode_write_protect 1",
			"mkdir "+group+"/acls/iqn.2026-01.example:client", "mkdir "+group+"/acls/iqn.2026-01.example:client/lun_0",
			"link "+group+"/acls/iqn.2026-01.example:client/lun_0/a "+group+"/lun/lun_0", "write "+group+"/acls/iqn.2026-01.example:client/lun_0/write_protect 1",
			"mkdir "+group+"/np/[::]:3260", "write "+group+"/enable 1")},
		{"anybody with the password", spec.ISCSIShare{User: "anna"}, Disk{Size: 1 << 20, Password: "correct horse"}, append(slices.Clone(store),
			"write "+group+"/attrib/authentication 1", "write "+group+"/attrib/generate_node_acls 1", "write "+group+"/attrib/cache_dynamic_acls 1", "write "+group+"/attrib/demo_mode_write_protect 0",
			"write "+group+"/auth/userid anna", "write "+group+"/auth/password correct horse",
			"mkdir "+group+"/np/[::]:3260", "write "+group+"/enable 1")},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.row.Target, test.row.Source = "iqn.2026-01.example:a", "/srv/a"
			ops := PlanISCSI(map[string]spec.ISCSIShare{"a": test.row}, map[string]Disk{"a": test.disk})
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

func TestUndo(t *testing.T) {
	row := spec.ISCSIShare{Target: "iqn.2026-01.example:a", Source: "/dev/vdb", Initiators: []spec.IQN{"iqn.2026-01.example:c"}}
	ops := PlanISCSI(map[string]spec.ISCSIShare{"a": row}, map[string]Disk{"a": {Device: true}})
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
	file, secret := filepath.Join(dir, "disk"), filepath.Join(dir, "password")
	if _, err := find(spec.ISCSIShare{Source: file}); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	if d, err := find(spec.ISCSIShare{Source: file, Size: 4096}); err != nil || d.Size != 4096 || d.Device {
		t.Errorf("a file that is made: %+v, %v", d, err)
	}
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := find(spec.ISCSIShare{Source: file, Size: 4096}); err != nil || d.Size != 4 {
		t.Errorf("a file that is there: %+v, %v", d, err)
	}
	if err := os.WriteFile(secret, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := find(spec.ISCSIShare{Source: file, PasswordFile: secret}); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a short password: %v", err)
	}
	if d, err := find(spec.ISCSIShare{Source: "/dev/null"}); err != nil || !d.Device {
		t.Errorf("a device: %+v, %v", d, err)
	}
}

func TestServices(t *testing.T) {
	s := spec.Share{NFS: map[string]spec.NFSShare{"a": {}}, SMB: map[string]spec.SMBShare{"b": {}}, State: "/srv/state"}
	rows := Services(s)
	for _, name := range spec.ShareServices(s) {
		if len(rows[name].Command) == 0 || len(rows[name].Needs) == 0 {
			t.Errorf("%s is %+v", name, rows[name])
		}
		delete(rows, name)
	}
	if len(rows) > 0 {
		t.Errorf("profiles don't know of %v", rows)
	}
	if rows := Services(spec.Share{ISCSI: map[string]spec.ISCSIShare{"a": {}}}); len(rows) > 0 {
		t.Errorf("iSCSI needs no service, got %v", rows)
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

// A member of an array is not offered, nor made where it is missing.
func TestMembersAreNotOffered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk")
	why := errors.New("it belongs to an array")
	if _, err := findAlone(spec.ISCSIShare{Source: file, Size: 4096}, func(device string) error {
		if device != file {
			t.Errorf("asked for %s", device)
		}
		return why
	}); !errors.Is(err, why) {
		t.Errorf("offered: %v", err)
	}
	if d, err := findAlone(spec.ISCSIShare{Source: file, Size: 4096}, func(string) error { return nil }); err != nil || d.Size != 4096 {
		t.Errorf("%+v, %v", d, err)
	}
}
