package oci

import (
	"errors"
	"fmt"
	"strings"
)

// quoted is a foreign name as a message may have it, cut where it is long.
func quoted(name string) string {
	if len(name) > 200 {
		name = name[:200] + "…"
	}
	return fmt.Sprintf("%q", name)
}

// Bounds of Linux (limits.h).
const (
	nameMax = 255
	pathMax = 4095
)

// cleaned is a name of an archive as a path below its root.
func cleaned(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("a name is empty")
	case strings.Trim(name, "/") == "": // umoci's name of the root
		return ".", nil
	case name[0] == '/':
		return "", errors.New("a name is absolute; accepted: relative to the root")
	case len(name) > pathMax:
		return "", fmt.Errorf("a name of %d bytes; Linux takes %d", len(name), pathMax)
	case strings.ContainsRune(name, 0):
		return "", errors.New("a name has a zero in it")
	}
	parts := strings.Split(name, "/")
	kept := parts[:0]
	for _, p := range parts {
		switch {
		case p == "..":
			return "", errors.New(`a name with ".." could lead out of the layer`)
		case len(p) > nameMax:
			return "", fmt.Errorf("a name of %d bytes; Linux takes %d", len(p), nameMax)
		case p != "" && p != ".":
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return ".", nil
	}
	return strings.Join(kept, "/"), nil
}
