package segments

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/progress"
)

// A segment of files of the cache is the archive that it would be as a copy; a file that is damaged is an error when it is read.
func TestComposed(t *testing.T) {
	c, err := cache.OpenWith(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var files []tree.File
	bodies := map[string]string{}
	for _, size := range []int{0, 1, 3, 4, 300_000} {
		name := "layers/" + strings.Repeat("l", len(files)+1)
		body := strings.Repeat("x", size)
		e, err := c.Entry(t.Context(), "oci-layer", strings.Repeat("k", len(files)+1), func(_ context.Context, dir string) error {
			return os.WriteFile(filepath.Join(dir, "squashfs"), []byte(body), 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(e.Dir, "squashfs")
		bodies[at] = body
		files = append(files, tree.File{Path: name, Mode: 0o400, Size: int64(size), From: tree.Source{Store: "image", Host: at}})
	}
	k := Packer{Cache: c, Progress: progress.Discard, Epoch: epoch}
	p := &plan.Plan{Segments: []plan.Segment{{Name: "images", Plain: true, Cached: true, Files: files}}}
	dir := t.TempDir()
	packed, err := k.Pack(t.Context(), p, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got, want bytes.Buffer
	if err := Write(&got, packed); err != nil {
		t.Fatal(err)
	}
	err = cpio.Write(&want, files, epoch, func(f tree.File) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(bodies[f.From.Host])), nil
	})
	if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) || packed[0].Size != int64(got.Len()) {
		t.Errorf("%d bytes of %d, and another archive than of %d: %v", got.Len(), packed[0].Size, want.Len(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("copied: %v, %v", left, err)
	}
	if err := os.WriteFile(files[4].From.Host, bytes.Repeat([]byte("y"), 300_000), 0o644); err != nil {
		t.Fatal(err)
	}
	var bad *cache.DamageError
	if err := Write(io.Discard, packed); !errors.As(err, &bad) || bad.Kind != "oci-layer" {
		t.Errorf("damaged: %v", err)
	}
	if _, err := c.OpenPath(filepath.Join(dir, "x")); err == nil {
		t.Error("a file of elsewhere was opened")
	}
}
