package iso9660

import "time"

// Fields of the System Use Sharing Protocol (IEEE P1281) and of Rock Ridge (IEEE
// P1282, 1.10): two letters, length, version.

// sharing says in the root's own record that such fields follow, and which ones: SP
// and ER. The latter's texts for people are left out, they have no room in one record.
func sharing() []byte {
	const id = "RRIP_1991A"
	b := []byte{'S', 'P', 7, 1, 0xbe, 0xef, 0}
	b = append(b, 'E', 'R', byte(8+len(id)), 1, byte(len(id)), 0, 0, 1)
	return append(b, id...)
}

// rockName is NM, the name as it was given.
func rockName(name string) []byte {
	return append([]byte{'N', 'M', byte(5 + len(name)), 1, 0}, name...)
}

// rockMode is PX: mode, links, owner and group. All belong to root, and all can read.
func rockMode(n *node) []byte {
	mode, links := uint32(0o100444), uint32(1)
	if n.dir {
		mode, links = 0o040555, 2
		for _, c := range n.children {
			if c.dir {
				links++
			}
		}
	}
	b := []byte{'P', 'X', 36, 1}
	for _, v := range []uint32{mode, links, 0, 0} {
		b = appendBoth32(b, v)
	}
	return b
}

// rockTime is TF: when the file was modified, read, changed.
func rockTime(t time.Time) []byte {
	b := []byte{'T', 'F', 5 + 3*7, 1, 0x02 | 0x04 | 0x08}
	for range 3 {
		b = append(b, shortTime(t)...)
	}
	return b
}
