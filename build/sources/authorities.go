package sources

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/imgbuild/imgbuild/build/tree"
)

// authoritiesFolder has a certificate in PEM in each *.crt, as update-ca-certificates(8) takes them.
const authoritiesFolder = "usr/share/ca-certificates/"

// authorities reads the certificates among the files of packages, in the order of their paths.
func (f Finder) authorities(files []tree.File) ([]byte, error) {
	var found []tree.File
	for _, file := range files {
		if strings.HasPrefix(file.Path, authoritiesFolder) && path.Ext(file.Path) == ".crt" && file.Mode.IsRegular() {
			found = append(found, file)
		}
	}
	slices.SortFunc(found, func(a, b tree.File) int { return strings.Compare(a.Path, b.Path) })
	var all []byte
	open := f.Opener(nil) // none is an overlay's
	for _, file := range found {
		pem, err := open.Read(file)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file.From, err)
		}
		all = append(append(all, bytes.TrimRight(pem, "\n")...), '\n')
	}
	return all, nil
}
