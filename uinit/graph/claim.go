package graph

// Use is what becomes of a disk or file.
type Use int

// The uses: others may read what is only read, and nothing else.
const (
	Reads Use = iota
	Holds     // reads, and lets nobody else have it
	Writes
)

// Claim is a file or device that a row of a feature's table uses.
type Claim struct {
	// In is the row, such as vm.web, and Key what is below it: disk.root.path.
	In, Key string
	// Text is how the row calls it, Path what it is: an absolute path, else it claims nothing.
	Text, Path string
	// About is what it is to its row: "is a disk of".
	About string
	Use   Use
}
