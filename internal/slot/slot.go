// Package slot says how a disk holds two versions of a system, and which of them starts. Both sides stand on it: the builder writes the
// first version, and the init those that follow. It is pure.
//
// A slot is a partition with a tar archive in it (ustar, POSIX.1-1988), of which the builder made every byte. A file NAME.update is the
// same bytes: it is written to a slot raw. GRUB finds kernel and initrd in it by their sectors, and which slot to start in the record, a
// partition of its own.
package slot

import "fmt"

// Name is that of a slot: the end of its partition's name, and what the kernel line calls it.
type Name string

// The slots.
const (
	A Name = "a"
	B Name = "b"
)

// Names are the slots in their order.
var Names = [2]Name{A, B}

// Other is the other slot.
func (n Name) Other() Name {
	if n == A {
		return B
	}
	return A
}

// index is where a record keeps a slot. Names come from outside through Parse alone.
func (n Name) index() int {
	if n == B {
		return 1
	}
	return 0
}

// Parse reads a slot's name.
func Parse(text string) (Name, error) {
	if n := Name(text); n == A || n == B {
		return n, nil
	}
	return "", fmt.Errorf("%q is not a slot; accepted: a, b", text)
}

// Param is the word of the kernel line that says which slot the kernel was started from: uinit.slot=a.
const Param = "uinit.slot"

// State is what a slot is at the moment.
type State string

// The states of a slot.
const (
	Empty   State = "empty"   // nothing was ever written to it
	Writing State = "writing" // something is being written, or was when the power failed
	Next    State = "next"    // written and read back: the next start tries it
	Trying  State = "trying"  // it was started, and has not proved itself
	Good    State = "good"    // its checks passed on this box
	Bad     State = "bad"     // it was tried and failed, or somebody went back from it
)

// States are all of them.
var States = []State{Empty, Writing, Next, Trying, Good, Bad}
