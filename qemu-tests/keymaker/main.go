// Command keymaker makes a key as many servers do: at its start, and not in its first thread, which waits.
package main

import (
	"crypto/rand"
	"fmt"
	"runtime"
)

func init() { runtime.LockOSThread() } // main keeps the first thread

func main() {
	key := make(chan []byte)
	go func() {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails: it blocks (getrandom(2))
		key <- b
	}()
	fmt.Printf("a key of %d bytes\n", len(<-key))
}
