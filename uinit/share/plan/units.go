package plan

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// Units: the file systems that are shared come first, for who shares an empty mount point in
// their place gives clients the wrong files.
func Units(m *spec.Description) []graph.Unit {
	kinds := kinds(m.Share)
	if len(kinds) == 0 {
		return nil
	}
	needs := map[string][]string{}
	var all []string
	on := func(kind, file string) {
		mounts := graph.Above(&m.Machine, path.Join(file, "x"))
		needs[kind], all = append(needs[kind], mounts...), append(all, mounts...)
	}
	for _, name := range graph.Names(m.Share.NFS) {
		on("share:nfs", m.Share.NFS[name].Path)
	}
	for _, name := range graph.Names(m.Share.SMB) {
		on("share:smb", m.Share.SMB[name].Path)
	}
	for _, name := range graph.Names(m.Share.ISCSI) {
		cfg := m.Share.ISCSI[name]
		on("share:iscsi", cfg.Source)
		for _, file := range []string{cfg.PasswordFile.File, cfg.MutualPasswordFile.File} {
			if file != "" {
				on("share:iscsi", file)
			}
		}
	}
	if len(m.Share.NFS) > 0 {
		needs["share:nfs"] = append(needs["share:nfs"], "service:nfsdcld", "service:rpc.mountd")
	}
	if len(m.Share.SMB) > 0 {
		needs["share:smb"] = append(needs["share:smb"], "service:smbd")
	}
	var units []graph.Unit
	add := func(u unit.Unit) { units = append(units, graph.Unit{Unit: u}) }
	// Not only their state's: Samba's and NFS' programs look at what they share when they start.
	add(unit.Unit{Name: "share-files", Needs: []string{"mounts"}, After: append([]string{"modules", "loopback"}, append(all, graph.Above(&m.Machine, path.Join(m.Share.State, "x"))...)...)})
	for _, kind := range kinds {
		add(unit.Unit{Name: kind, Needs: append([]string{"share-files"}, needs[kind]...), After: []string{"modules"}})
	}
	return units
}

// kinds are the names of the units that share, sorted.
func kinds(s spec.Share) []string {
	var names []string
	for _, kind := range []struct {
		name string
		rows int
	}{{"iscsi", len(s.ISCSI)}, {"nfs", len(s.NFS)}, {"smb", len(s.SMB)}} {
		if kind.rows > 0 {
			names = append(names, "share:"+kind.name)
		}
	}
	return names
}
