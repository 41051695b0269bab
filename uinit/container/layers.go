package container

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/mount"
)

// layersDir is where layers are mounted, once for all containers that stand on them.
const layersDir = "/run/containers/.layers"

// layers are the squashfs files of the image that containers have been started from.
type layers struct {
	mu   sync.Mutex
	each map[string]*layer // by file
}

type layer struct {
	once sync.Once
	at   string // its root
	err  error
}

// readImage reads what the builder says of a container's image.
func readImage(name string) (image spec.Image, err error) {
	b, err := os.ReadFile(spec.ImageFile(name))
	if err == nil {
		err = json.Unmarshal(b, &image)
	}
	if err == nil && len(image.Layers) == 0 {
		err = errors.New("it has no layers")
	}
	if err != nil {
		return image, fmt.Errorf("reading what image it has: %w", err)
	}
	return image, nil
}

// attach returns where the layers of an image are mounted, the lowest first, and mounts those that are not. What was read of a file is
// what the builder wrote, or there is an error: it is compared once in a boot.
func (l *layers) attach(image spec.Image) (dirs []string, err error) {
	for _, from := range image.Layers {
		l.mu.Lock()
		one := l.each[from.File]
		if one == nil {
			one = &layer{}
			l.each[from.File] = one
		}
		l.mu.Unlock()
		one.once.Do(func() { one.at, one.err = mountLayer(from) })
		if one.err != nil {
			return nil, fmt.Errorf("layer %s: %w", filepath.Base(from.File), one.err)
		}
		dirs = append(dirs, one.at)
	}
	return dirs, nil
}

func mountLayer(from spec.ImageLayer) (string, error) {
	f, err := os.Open(from.File)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := compare(f, from); err != nil {
		return "", err
	}
	at := filepath.Join(layersDir, strings.TrimSuffix(filepath.Base(from.File), ".squashfs"))
	root := filepath.Join(at, "root")
	if mounted, err := mount.Mounts(); err != nil || mounted.At(at) != nil {
		return root, err // a worker that crashed has done the work
	}
	if err := os.MkdirAll(at, 0o700); err != nil {
		return "", err
	}
	device, err := mount.OpenLoop(f, mount.FirstLoop+1, false)
	if err != nil {
		return "", err
	}
	defer device.Close() // once it is mounted, the mount holds it
	if err := unix.Mount(device.Name(), at, "squashfs", unix.MS_RDONLY|unix.MS_NODEV|unix.MS_NOSUID, ""); err != nil {
		return "", &os.PathError{Op: "mounting", Path: at, Err: err}
	}
	return root, nil
}

// compare reads all of a file.
func compare(f *os.File, want spec.ImageLayer) error {
	h := sha256.New()
	n, err := io.Copy(h, f)
	switch sum := hex.EncodeToString(h.Sum(nil)); {
	case err != nil:
		return err
	case n != want.Size:
		return fmt.Errorf("it is damaged: %d bytes, and the builder wrote %d", n, want.Size)
	case sum != want.SHA256:
		return fmt.Errorf("it is damaged: its SHA-256 is %.12s, and the builder's %.12s", sum, want.SHA256)
	}
	return nil
}
