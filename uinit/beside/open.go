package beside

import (
	"fmt"
	"os"
)

// Open opens files of the kernel that a program is to read, which sees none by itself.
func Open(names ...string) ([]*os.File, error) {
	var open []*os.File
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			closeAll(open)
			return nil, fmt.Errorf("opening what a program is handed: %w", err)
		}
		open = append(open, f)
	}
	return open, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
