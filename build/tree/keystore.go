package tree

import "encoding/binary"

// holdsKey says whether a file is a key store of Java (JKS, JCEKS) with more than certificates, which are public. It begins with
// a magic number, a version and how many entries follow; each is a tag, a name and a time, and a certificate's
// a type, a length and its octets (OpenJDK, sun.security.provider.JavaKeyStore). What cannot be read to its end may hold a key.
func holdsKey(b []byte) bool {
	r := reader{b: b}
	if magic := r.number(4); magic != 0xfeedfeed && magic != 0xcececece || r.short {
		return false
	}
	version, entries := r.number(4), r.number(4)
	for ; entries > 0 && !r.short; entries-- {
		if r.number(4) != certificate {
			return true
		}
		r.skip(r.number(2))
		r.skip(8)
		if version == 2 {
			r.skip(r.number(2))
		}
		r.skip(r.number(4))
	}
	return r.short
}

// certificate is the tag of an entry that is one, and trusted.
const certificate = 2

// reader takes numbers off a text, the highest octet first; after the end it is short.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) skip(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.b, r.short = nil, true
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) number(octets uint32) uint32 {
	b := r.skip(octets)
	switch len(b) {
	case 2:
		return uint32(binary.BigEndian.Uint16(b))
	case 4:
		return binary.BigEndian.Uint32(b)
	}
	return 0
}
