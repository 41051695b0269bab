package oci

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// resolve finds a name through links, as a program in the image would.
func (s *stack) resolve(name string) (node, error) {
	left, at := strings.Split(path.Clean("/" + name)[1:], "/"), "/"
	for links := 0; ; {
		n, err := s.lookup(strings.TrimPrefix(at, "/") + map[bool]string{true: "."}[at == "/"])
		if err != nil {
			return n, err
		}
		if n.mode.Type() == fs.ModeSymlink {
			if links++; links > 40 { // Linux's bound
				return n, fmt.Errorf("links of the image lead in a circle at %s", quoted(at))
			}
			target := n.link
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(at), target)
			}
			left, at = append(strings.Split(path.Clean(target)[1:], "/"), left...), "/"
			continue
		}
		for len(left) > 0 && left[0] == "" {
			left = left[1:]
		}
		if len(left) == 0 {
			return n, nil
		}
		at, left = path.Join(at, left[0]), left[1:]
	}
}

// readFile reads a regular file whose size is bounded, in bytes, through links.
func (s *stack) readFile(name string, most int64) ([]byte, error) {
	n, err := s.resolve(name)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsRegular() || n.size > most {
		return nil, fmt.Errorf("%s of the image is no file of up to %d bytes", name, most)
	}
	r, err := n.in.content(n.item)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return text, s.damage(err)
}
