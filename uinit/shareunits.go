package main

import (
	"path"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/unit"
)

// shareUnits: the file systems that are shared come first, for who shares an empty mount point in
// their place gives clients the wrong files.
func shareUnits(m *spec.Machine, do func(name string) step) []unit.Unit {
	kinds := spec.ShareUnits(m.Share)
	if len(kinds) == 0 {
		return nil
	}
	needs := map[string][]string{}
	var all []string
	on := func(kind, file string) {
		mounts := above(m, path.Join(file, "x"))
		needs[kind], all = append(needs[kind], mounts...), append(all, mounts...)
	}
	for _, name := range sorted(m.Share.NFS) {
		on("share:nfs", m.Share.NFS[name].Path)
	}
	for _, name := range sorted(m.Share.SMB) {
		on("share:smb", m.Share.SMB[name].Path)
	}
	for _, name := range sorted(m.Share.ISCSI) {
		row := m.Share.ISCSI[name]
		on("share:iscsi", row.Source)
		for _, file := range []string{row.PasswordFile, row.MutualPasswordFile} {
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
	var units []unit.Unit
	add := func(u unit.Unit) {
		s := do(u.Name)
		u.Run, u.Waiting = s.Run, s.Waiting
		units = append(units, u)
	}
	// Not only their state's: Samba's and NFS' programs look at what they share when they start.
	add(unit.Unit{Name: "share-files", Needs: []string{"mounts"}, After: append([]string{"modules", "loopback"}, append(all, above(m, path.Join(m.Share.State, "x"))...)...)})
	for _, kind := range kinds {
		add(unit.Unit{Name: kind, Needs: append([]string{"share-files"}, needs[kind]...), After: []string{"modules"}})
	}
	return units
}
