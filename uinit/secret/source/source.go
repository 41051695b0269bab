// Package source reads secrets that an image does not hold.
package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// limit is more than any secret takes, in bytes.
const limit = 4096

// What may be wrong with a secret, besides what bounded.Refusal and its own type say.
var (
	ErrMissing = errors.New("is not there")
	ErrEmpty   = errors.New("is empty")
	ErrLong    = fmt.Errorf("is longer than %d bytes", limit)
)

// Module is what the kernel needs for what a host hands over.
const Module = "qemu_fw_cfg"

// handed is where the kernel shows that (Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg).
const handed = "/sys/firmware/qemu_fw_cfg/by_name/"

// Error names the source of a secret that cannot be used. What stands there is in no message.
type Error struct {
	Source spec.Source
	Err    error
}

func (e *Error) Error() string {
	if refused := bounded.Refusal(""); errors.As(e.Err, &refused) { // which names the file itself
		return refused.Error()
	}
	return e.Source.Place() + " " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Read returns a secret without what editors and hosts put behind it. load loads a kernel module. The error is *Error.
func Read(s spec.Source, load func(module string) error) (string, error) {
	return read(s, load, handed)
}

func read(s spec.Source, load func(module string) error, handed string) (string, error) {
	var raw []byte
	var err error
	if s.FWCfg != "" {
		_ = load(Module) // whatever that says, what counts is what there is
		raw, err = readHanded(handed + s.FWCfg + "/raw")
	} else {
		raw, err = bounded.Secret(s.File, limit)
	}
	text := strings.TrimRight(string(raw), "\r\n\x00")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = ErrMissing
	case err == nil && text == "":
		err = ErrEmpty
	}
	if err != nil {
		return "", &Error{s, err}
	}
	return text, nil
}

func readHanded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && len(raw) > limit {
		err = ErrLong
	}
	return raw, err
}
