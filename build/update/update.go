// Package update composes what a slot of a disk holds, which is a file NAME.update byte for byte: a manifest, and GRUB's menus with all
// that they start (package slot says the format).
package update

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// Config is what a slot holds.
type Config struct {
	// Profile is the name, Version the one that slot.CheckVersion takes.
	Profile, Version string
	// Minimum is the oldest version that may be followed by it; empty: any.
	Minimum string
	// Cmdline is the kernel line for a start without the firmware.
	Cmdline string
	// Boot is composed for slots.
	Boot *grub.Medium
}

// headStep is what the manifest's size is rounded up to, in bytes, so that it seldom moves what follows.
const headStep = 4096

// New composes a slot. Equal configurations give equal bytes.
func New(c Config) (*extent.Image, error) {
	image, err := compose(c)
	if err != nil {
		return nil, fmt.Errorf("composing the update of %s: %w", c.Profile, err)
	}
	return image, nil
}

// compose looks for a size of the manifest's that holds what the manifest says of it: where all else begins.
func compose(c Config) (*extent.Image, error) {
	for head := int64(headStep); ; head += headStep {
		archive, at, err := c.Boot.Archive(head)
		if err != nil {
			return nil, err
		}
		image := extent.New(head + archive.Size())
		image.Place(head, archive)
		m, err := manifest(c, image, head, at)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		if slot.HeadSize(len(text)) > head {
			continue
		}
		if err := hash(image, m.Parts); err != nil {
			return nil, err
		}
		if text, err = json.Marshal(m); err != nil {
			return nil, err
		}
		text = append(text, bytes.Repeat([]byte(" "), int(head-slot.Sector)-len(text))...)
		if len(text) > slot.MaxManifest {
			return nil, fmt.Errorf("its manifest has %d bytes, there is room for %d", len(text), slot.MaxManifest)
		}
		image.Place(0, bytes.NewReader(slot.Head(text)))
		_, err = slot.ParseManifest(text)
		return image, err
	}
}

// manifest is that of an image that begins at byte head, with hashes yet to be made.
func manifest(c Config, image *extent.Image, head int64, at *grub.Place) (*slot.Manifest, error) {
	m := &slot.Manifest{Format: slot.ManifestFormat, Profile: c.Profile, Version: c.Version, Minimum: c.Minimum, Loader: slot.LoaderFormat,
		Size: image.Size(), Cmdline: c.Cmdline, Parts: parts(image, head)}
	for file, r := range map[string]*slot.Range{grub.LinuxFile: &m.Kernel, grub.InitrdFile: &m.Initrd} {
		var err error
		if r.Offset, r.Size, err = c.Boot.Part(at, file); err != nil {
			return nil, err
		}
	}
	return m, nil
}
