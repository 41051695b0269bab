package mount

import (
	"context"
	"errors"
)

// format makes an ext4 file system on a blank device. One that holds ext4 stays as it is; anything
// else is an error: what it is, somebody may want back.
func (m *Mount) format(ctx context.Context, device string) error {
	f, err := openReadOnly(device)
	if err != nil {
		return err
	}
	defer f.Close()
	if id, ok := Probe(f); ok && id.Type == "ext4" {
		return nil
	}
	if m.deps.Format == nil {
		return errors.New("this init makes no file systems: it was built without the feature disk")
	}
	return m.deps.Format(ctx, "mount "+m.target, device)
}
