package plan

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestServices(t *testing.T) {
	m := &spec.Machine{Share: spec.Share{NFS: map[string]spec.NFSShare{"a": {}}, SMB: map[string]spec.SMBShare{"b": {}}, State: "/srv/state"}}
	rows := Services(m)
	for _, name := range []string{"nfsdcld", "rpc.mountd", "smbd"} {
		if len(rows[name].Command) == 0 || len(rows[name].Needs) == 0 {
			t.Errorf("%s is %+v", name, rows[name])
		}
		delete(rows, name)
	}
	if len(rows) > 0 {
		t.Errorf("nobody asked for %v", rows)
	}
	m = &spec.Machine{Share: spec.Share{ISCSI: map[string]spec.ISCSIShare{"a": {}}}}
	if rows := Services(m); len(rows) > 0 {
		t.Errorf("iSCSI needs no service, got %v", rows)
	}
}
