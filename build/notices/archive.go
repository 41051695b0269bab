package notices

import (
	"archive/tar"
	"bytes"
	"cmp"
	"embed"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// File is one of an archive.
type File struct {
	Path string
	Body []byte
}

// common are the texts of licences that Debian's copyright files point to in place of having them: /usr/share/common-licenses of
// package base-files, version 12.4+deb12u15.
//
//go:embed common
var common embed.FS

// pointed is how they do it. What is no file there is one by another name.
var (
	pointed = regexp.MustCompile(`/usr/share/common-licenses/([A-Z][A-Za-z0-9.-]*[A-Za-z0-9])`)
	newest  = map[string]string{"GPL": "GPL-3", "LGPL": "LGPL-3", "GFDL": "GFDL-1.3"}
)

// Common returns the licences that files point to.
func Common(files []File) (out []File) {
	found := map[string]bool{}
	for _, f := range files {
		for _, m := range pointed.FindAllSubmatch(f.Body, -1) {
			name := string(m[1])
			if other, ok := newest[name]; ok {
				name = other
			}
			if body, err := common.ReadFile("common/" + name); err == nil && !found[name] {
				found[name] = true
				out = append(out, File{path.Join("common-licenses", name), body})
			}
		}
	}
	return out
}

// Archive packs files into a tar, compressed with zstd: the same bytes for the same files, whatever their order. All have the time at.
func Archive(files []File, at time.Time) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, f := range files {
		h := tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Mode: 0o644, Size: int64(len(f.Body)), ModTime: at, Format: tar.FormatPAX}
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
