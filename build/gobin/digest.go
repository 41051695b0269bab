package gobin

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// digest makes a cache key of named parts. Lengths go in as well, so that no
// two lists of parts run together to the same bytes.
type digest struct{ h hash.Hash }

func newDigest(purpose string) digest {
	d := digest{sha256.New()}
	d.text("purpose", purpose)
	return d
}

func (d digest) text(name, value string) { d.bytes(name, []byte(value)) }

func (d digest) bytes(name string, value []byte) {
	for _, part := range [][]byte{[]byte(name), value} {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(part)))
		d.h.Write(n[:])
		d.h.Write(part)
	}
}

func (d digest) key() string { return hex.EncodeToString(d.h.Sum(nil)) }
