package oci

// bounds of a layer. What an image states of itself bounds what is read of it; how much comes out of a compressed layer nobody states.
type bounds struct {
	// Layer is how many bytes one may have, compressed or not.
	Layer int64
	// Entries is how many names one may have.
	Entries int
}

// most are the bounds. An image lies in the memory of a box, compressed: larger ones are none that would run there.
var most = bounds{Layer: 8 << 30, Entries: 500_000}
