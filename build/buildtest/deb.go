package buildtest

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Deb puts a package into the cache, as if it had been downloaded, and returns its SHA-256 in hex and its size in bytes. It says
// control of itself, and has the file copyright.
func Deb(t *testing.T, c *cache.Cache, name, control, copyright string) (sum string, size int64) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, m := range []struct {
		name string
		body []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar", archive(t, "./control", control)}, {"data.tar", archive(t, "./usr/share/doc/"+name+"/copyright", copyright)}} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", m.name, 0, 0, 0, 0o100644, len(m.body))
		b.Write(m.body) // of an even length, as the next must begin at one
	}
	hash := sha256.Sum256(b.Bytes())
	sum = hex.EncodeToString(hash[:])
	_, err := c.Entry(t.Context(), "deb", sum, func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "package.deb"), b.Bytes(), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum, int64(b.Len())
}

func archive(t *testing.T, name, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body))})
	if err == nil {
		_, err = w.Write([]byte(body))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
