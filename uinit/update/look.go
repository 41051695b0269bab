package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/internal/slot"
)

// offer is a version that somebody signed whom the box believes.
type offer struct {
	*slot.Manifest
	text   []byte
	hash   string
	signer string
}

// look reads the manifest of a version, and whose it is. It is judged for this box.
func (u *updater) look(ctx context.Context, from origin) (*offer, error) {
	var b bytes.Buffer
	if err := from.read(ctx, 0, slot.Sector, &b); err != nil {
		return nil, err
	}
	size, err := slot.ManifestSize(b.Bytes())
	if err != nil {
		return nil, err
	}
	if err := from.read(ctx, slot.Sector, size, &b); err != nil {
		return nil, err
	}
	text, err := slot.ReadHead(&b)
	if err != nil {
		return nil, err
	}
	o := &offer{text: text}
	signature, err := from.signature(ctx)
	if err != nil {
		return nil, fmt.Errorf("its signature: %w", err)
	}
	if o.signer, err = u.trust(ctx, o.text, signature); err != nil {
		return nil, fmt.Errorf("its signature: %w", err)
	}
	if o.Manifest, err = slot.ParseManifest(o.text); err != nil {
		return nil, err
	}
	o.hash = slot.Hash(o.text)
	return o, nil
}

// errOlder says that a version is older than what runs; a person may want it all the same.
var errOlder = errors.New("an older one is taken only by \"uinitctl update apply ... --older\"")

// judge says why a version is not for this box.
func (u *updater) judge(m *slot.Manifest, older bool) error {
	d := u.Machine.Image
	switch {
	case m.Profile != d.Profile:
		return fmt.Errorf("it is a version of %s, and this box is a %s", m.Profile, d.Profile)
	case m.Loader > slot.LoaderFormat:
		return fmt.Errorf("%s needs a later boot loader (%d) than this disk has (%d): write the whole disk with imgbuild flash", m.Version, m.Loader, slot.LoaderFormat)
	case slot.Compare(m.Version, d.Version) < 0 && !older:
		return fmt.Errorf("%s is older than %s, which runs; %w", m.Version, d.Version, errOlder)
	case m.Minimum != "" && slot.Compare(d.Version, m.Minimum) < 0:
		return fmt.Errorf("%s follows %s or later, and %s runs: first update to one between", m.Version, m.Minimum, d.Version)
	}
	room, err := sizeOf(u.on.slots[u.on.other()])
	if err == nil && m.Size > room {
		err = fmt.Errorf("%s has %d bytes, and a slot has room for %d: write the whole disk with imgbuild flash, from a profile with a larger disk.slot_size", m.Version, m.Size, room)
	}
	return err
}

// there says whether a version is in one of the slots already, and as what.
func (u *updater) there(o *offer, r *slot.Record) (slot.Name, bool) {
	for _, n := range slot.Names {
		if s := r.Of(n).State; s == slot.Empty || s == slot.Writing || s == slot.Bad && n != u.on.running {
			continue
		}
		if _, hash, err := u.on.head(n); err == nil && hash == o.hash {
			return n, true
		}
	}
	return "", false
}

// sizeOf is the size of a device in bytes.
func sizeOf(device string) (int64, error) {
	f, err := openQuietly(device)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Seek(0, io.SeekEnd)
}
