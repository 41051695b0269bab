package iso9660

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// ridge is what Rock Ridge's fields of a record say (IEEE P1282, 4).
type ridge struct {
	name, link string
	haveName   bool
	mode       uint32
	haveMode   bool
	uid, gid   uint32
	device     [2]uint32
	child      uint32 // block of the directory that was moved away from here
	moved      bool
	linkPart   bool // the link's last component goes on in the next field
}

// maxContinued bounds how often fields go on elsewhere.
const maxContinued = 32

// rockRidge reads the fields of a record, those that lie elsewhere too.
func (r *Reader) rockRidge(record []byte) (ridge, error) {
	var out ridge
	b := systemUse(record)
	b = b[min(r.skip, len(b)):]
	for range maxContinued {
		next, err := out.fields(b)
		if err != nil || next == nil {
			return out, err
		}
		at := int64(le.Uint32(next[0:]))*Block + int64(le.Uint32(next[8:]))
		size := le.Uint32(next[16:])
		if size > Block {
			return out, errors.New("a damaged Rock Ridge field")
		}
		b = make([]byte, size)
		if err := foreign.Read(r.file, b, at); err != nil {
			return out, err
		}
	}
	return out, errors.New("its Rock Ridge fields do not end")
}

// fields takes fields in and returns the place of more.
func (d *ridge) fields(b []byte) (more []byte, err error) {
	damaged := errors.New("a damaged Rock Ridge field")
	for len(b) >= 4 {
		size := int(b[2])
		if b[0] == 0 { // padding
			break
		}
		if size < 4 || size > len(b) {
			return nil, damaged
		}
		kind, v := string(b[:2]), b[4:size]
		b = b[size:]
		switch kind {
		case "ST":
			return more, nil
		case "CE":
			if len(v) < 24 {
				return nil, damaged
			}
			more = v
		case "NM":
			if len(v) < 1 {
				return nil, damaged
			}
			d.name, d.haveName = d.name+string(v[1:]), true
		case "PX":
			if len(v) < 32 {
				return nil, damaged
			}
			d.mode, d.haveMode = le.Uint32(v), true
			d.uid, d.gid = le.Uint32(v[16:]), le.Uint32(v[24:])
		case "PN":
			if len(v) < 16 {
				return nil, damaged
			}
			d.device = devNumbers(le.Uint32(v), le.Uint32(v[8:]))
		case "SL":
			if len(v) < 1 || !d.components(v[1:]) {
				return nil, damaged
			}
		case "CL":
			if len(v) < 4 {
				return nil, damaged
			}
			d.child = le.Uint32(v)
		case "RE":
			d.moved = true
		}
	}
	return more, nil
}

// components takes in a piece of a link's target (4.1.3).
func (d *ridge) components(b []byte) bool {
	const goesOn, here, up, root = 1, 2, 4, 8
	for len(b) >= 2 {
		flags, size := b[0], int(b[1])
		if size > len(b)-2 {
			return false
		}
		if d.link != "" && !d.linkPart && !strings.HasSuffix(d.link, "/") {
			d.link += "/"
		}
		switch {
		case flags&here != 0:
			d.link += "."
		case flags&up != 0:
			d.link += ".."
		case flags&root != 0:
			d.link = "/"
		default:
			d.link += string(b[2 : 2+size])
		}
		d.linkPart = flags&goesOn != 0
		b = b[2+size:]
	}
	return len(d.link) <= 1<<16
}

// devNumbers splits a device's number: some writers put all of it into the second
// half, in the form of Linux.
func devNumbers(high, low uint32) [2]uint32 {
	if high == 0 {
		return [2]uint32{low >> 8 & 0xfff, low&0xff | low>>12&0xfff00}
	}
	return [2]uint32{high, low}
}

// apply puts what was read in place of what ISO 9660 says.
func (d *ridge) apply(e *Entry) {
	if d.haveName {
		e.Path = d.name
	}
	if d.child != 0 {
		e.Mode = fs.ModeDir | 0o555
	}
	if d.haveMode {
		e.Mode, e.UID, e.GID = fileMode(d.mode), d.uid, d.gid
	}
	if e.Mode&fs.ModeDevice != 0 {
		e.Major, e.Minor = d.device[0], d.device[1]
	}
	e.Link = d.link
}

// fileMode translates what stat(2) says.
func fileMode(bits uint32) fs.FileMode {
	mode := fs.FileMode(bits & 0o777)
	for _, m := range []struct {
		mask, bits uint32
		mode       fs.FileMode
	}{
		{0o170000, 0o040000, fs.ModeDir}, {0o170000, 0o120000, fs.ModeSymlink}, {0o170000, 0o060000, fs.ModeDevice},
		{0o170000, 0o020000, fs.ModeDevice | fs.ModeCharDevice}, {0o170000, 0o010000, fs.ModeNamedPipe}, {0o170000, 0o140000, fs.ModeSocket},
		{0o4000, 0o4000, fs.ModeSetuid}, {0o2000, 0o2000, fs.ModeSetgid}, {0o1000, 0o1000, fs.ModeSticky},
	} {
		if bits&m.mask == m.bits {
			mode |= m.mode
		}
	}
	return mode
}
