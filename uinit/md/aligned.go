package md

import "unsafe"

// aligned returns n bytes where O_DIRECT can write: at a multiple of the largest sector there is.
func aligned(n int) []byte {
	b := make([]byte, n+blockSize)
	skip := -uintptr(unsafe.Pointer(&b[0])) & (blockSize - 1)
	return b[skip : int(skip)+n : int(skip)+n]
}
