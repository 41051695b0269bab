package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/internal/site"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Described is what an image of ours says of the machine that starts from it.
type Described struct {
	// Machine is nil where nothing does.
	Machine *spec.Machine
	// KernelLine are the words of the kernel line in a UKI.
	KernelLine []string
	// Site is the site.toml beside it; nil where there is none.
	Site []byte
}

// longest bounds what is read of a file, in bytes: descriptions of real machines have some 10 kB.
const longest = 4 << 20

var errEnough = errors.New("that is enough")

// Describe finds what an image says of its machine. It goes through the whole image, at whose end site.toml may lie, unless the
// machine is enough.
func Describe(ctx context.Context, m *Image, enough func(*spec.Machine) bool) (d Described, err error) {
	err = m.Walk(ctx, func(e Entry, content io.Reader) error {
		if content == nil {
			return nil
		}
		inside, base := strings.Contains("/"+e.Path, "/.initrd/"), strings.ToLower(path.Base(e.Path))
		switch {
		case strings.HasSuffix("/"+e.Path, spec.Path):
			var found spec.Description
			if err := json.NewDecoder(io.LimitReader(content, longest)).Decode(&found); err != nil {
				return fmt.Errorf("reading %s: %w", e.Path, err)
			}
			if d.Machine = &found.Machine; enough(d.Machine) {
				return errEnough
			}
		case base == ".cmdline" && !inside:
			line, err := io.ReadAll(io.LimitReader(content, longest))
			d.KernelLine = strings.Fields(string(line))
			return err
		case base == site.Name && !inside:
			d.Site, err = io.ReadAll(io.LimitReader(content, site.MaxSize+1))
			return err
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return d, err
}
