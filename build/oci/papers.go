package oci

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/imgbuild/imgbuild/build/licence"
)

// Bounds of what is read for licences, in bytes; the first is that of all copyright files together.
const (
	mostPapers = 64 << 20
	mostPaper  = 1 << 20
	mostStatus = 32 << 20
)

// Licence is what an image says of its licences: the copyright files of its Debian packages, else its label.
func (p Packed) Licence() (licence.Notice, error) {
	s := &stack{}
	defer s.close()
	for _, l := range p.Files {
		f, err := l.entry.Open(squashFile)
		if err == nil {
			err = s.push(f)
		}
		if err != nil {
			return licence.Notice{}, err
		}
	}
	status, err := s.readFile("var/lib/dpkg/status", mostStatus)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return licence.Notice{}, err
	}
	parts, left := map[string]licence.Notice{}, int64(mostPapers)
	for _, name := range installed(string(status)) {
		text, err := s.readFile(path.Join("usr/share/doc", name, "copyright"), min(left, mostPaper))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return licence.Notice{}, fmt.Errorf("the licence of %s: %w", name, err)
		}
		left -= int64(len(text))
		parts[name] = licence.Debian(name, text)
	}
	if len(parts) == 0 {
		return licence.Expression(p.Image.Reference.Name(), p.Config.Config.Labels[v1.AnnotationLicenses]), nil
	}
	return licence.Joined(parts), nil
}

// installed are the names of the packages that a dpkg's status has as installed.
func installed(status string) (names []string) {
	for stanza := range strings.SplitSeq(status, "\n\n") {
		name, here := "", false
		for line := range strings.Lines(stanza) {
			key, value, _ := strings.Cut(strings.TrimRight(line, " \r\n"), ": ")
			switch key {
			case "Package":
				name = value
			case "Status":
				here = strings.HasSuffix(value, " installed")
			}
		}
		if here && name != "" && !strings.Contains(name, "/") && name != ".." {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
