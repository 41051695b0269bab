package plan

import _ "embed"

// lsblkFile is found before util-linux' own lsblk, as spec.SearchPath has it.
const lsblkFile = "usr/sbin/lsblk"

//go:embed lsblk.sh
var lsblkScript string

// offerLsblk has lsblk show file systems, labels and UUIDs, which it does not look for itself. A file of that name is somebody's own.
func (l *layers) offerLsblk() {
	for _, needed := range []string{"usr/bin/lsblk", "usr/sbin/blkid", "usr/bin/unshare", "usr/bin/mount", "usr/bin/sh"} {
		if _, there := l.tree.Lookup(needed); !there {
			return
		}
	}
	if _, there := l.tree.Lookup(lsblkFile); !there {
		l.add("commands", text(lsblkFile, 0o755, lsblkScript, "file systems for lsblk"))
	}
}
