package mount

import (
	"context"
	"errors"
	"strings"

	"github.com/imgbuild/imgbuild/internal/alone"
)

var errWaited = errors.New("devices had their time")

// await waits for the device of what is wanted, and for all others of its file system where that lies on several.
func (m *Mount) await(ctx context.Context, wanted Wanted) (source string, parts []string, err error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if patience, asked := m.degraded(); asked {
		limited, cancel = context.WithTimeoutCause(ctx, patience, errWaited)
	}
	defer cancel()
	whole := false
	look := func() (ready bool, err error) {
		if source, err = m.find(wanted); err != nil {
			return false, err
		}
		if group := m.cfg.VolumeGroup(); group != "" && source == "" {
			if failed := m.deps.Activate(ctx, group); failed != nil {
				m.say(failed.Error())
				return false, nil // the next disk may be what is missing
			}
			source, err = m.find(wanted)
		}
		if source == "" || err != nil {
			return false, err
		}
		parts, whole, err = m.whole(source)
		return whole, err
	}
	err = m.deps.Wait(limited, look)
	if errors.Is(err, errWaited) && ctx.Err() == nil { // and without some from now on
		err = m.deps.Wait(ctx, func() (bool, error) {
			_, err := look()
			return source != "", err
		})
	}
	return source, parts, err
}

// whole says whether all devices of a file system are there, and which these are: one, but for a btrfs.
func (m *Mount) whole(source string) (parts []string, whole bool, err error) {
	parts, lack, err := m.devices().parts(source)
	if lack != "" {
		m.say(lack)
	}
	if parts == nil {
		parts = []string{source}
	}
	return parts, lack == "", err
}

func (m *Mount) devices() Devices {
	return Devices{Sys: m.deps.Sys, Open: openReadOnly, Seen: m.deps.Seen, Alone: m.deps.Alone}
}

// find looks for the device, and notes who would answer and may not.
func (m *Mount) find(wanted Wanted) (string, error) {
	device, passed, err := m.devices().Find(wanted)
	if passed != nil {
		m.say(wanted.missing() + ": " + strings.ReplaceAll(passed.Error(), "\n", "; "))
	}
	// A partition of a disk that an array took just now is gone, and so nobody's member: it is no answer.
	if device != "" && alone.Which(m.deps.Sys, device) == "" {
		return "", err
	}
	return device, err
}
