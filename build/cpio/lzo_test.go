package cpio_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/cpio"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// lzop packs with the program of that name.
func lzop(t testing.TB, data []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(needed.Program(t, "lzop"), args...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mixed is an archive of several blocks, some of which are not worth packing.
func mixed(t testing.TB) []byte {
	body := make([]byte, 600<<10)
	random := rand.NewChaCha8([32]byte{2})
	random.Read(body)
	copy(body, strings.Repeat("all the same and ", 20_000))
	var b bytes.Buffer
	if err := cpio.Write(&b, []tree.File{{Path: "f", Mode: 0o644, Body: body, Size: int64(len(body))}}, epoch, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLZO(t *testing.T) {
	plain := mixed(t)
	want, err := list(plain, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"-1", "-3", "-7", "-9", "-9 --crc32", "-9 -F"} {
		packed := lzop(t, plain, strings.Fields(args)...)
		// Something follows, as it may in an initramfs.
		padded := append(bytes.Clone(packed), make([]byte, -len(packed)&3)...)
		lines, err := list(append(padded, tiny(t, "next")...), 1<<20)
		if err != nil || len(lines) != 4 || names(lines) != "0 lzo .\n0 lzo f\n1 none .\n1 none next" || lines[1] != strings.Replace(want[1], "none", "lzo", 1) {
			t.Errorf("%s: %v %q", args, err, lines)
		}
		var tooLarge *cpio.TooLargeError
		if _, err := list(packed, 1<<18); !errors.As(err, &tooLarge) {
			t.Errorf("%s: 600 KiB within 256: %v", args, err)
		}
	}
	if _, err := list(lzop(t, plain, "-1", "-F"), 1<<20); err == nil || !strings.Contains(err.Error(), "lzop without -F") {
		t.Errorf("a stream whose blocks have no checksum, which the kernel takes for granted: %v", err)
	}
}

// TestDamagedLZO: whatever bit of a stream is another, and wherever it is cut, that is noticed.
func TestDamagedLZO(t *testing.T) {
	var archive bytes.Buffer
	body := []byte(strings.Repeat("some text ", 300))
	if err := cpio.Write(&archive, []tree.File{{Path: "f", Mode: 0o644, Body: body, Size: int64(len(body))}}, epoch, nil); err != nil {
		t.Fatal(err)
	}
	good := lzop(t, archive.Bytes(), "-9")
	content := func(data []byte) (string, error) {
		r := cpio.NewReader(bytes.NewReader(data), 1<<20)
		defer r.Close()
		var all strings.Builder
		for {
			e, err := r.Next()
			if err == io.EOF {
				return all.String(), nil
			}
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&all, "%+v\n", e)
			if _, err := io.Copy(&all, r); err != nil {
				return "", err
			}
		}
	}
	want, err := content(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			// A match may be found at another distance, too.
			if got, err := content(bad); err == nil && got != want {
				t.Errorf("bit %d of byte %d of %d: %q", bit, i, len(good), got)
			}
		}
		if _, err := list(good[:i], 1<<20); i > 6 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d of %d: %v", i, len(good), err)
		}
	}
}
