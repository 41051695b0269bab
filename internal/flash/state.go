package flash

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// StateError says that writing or comparing stopped, and what state the disk is in.
type StateError struct {
	Path string
	// Written and Total count the bytes of the image.
	Written, Total int64
	// Begun says that the disk's former content is lost, Complete that the image is
	// on it.
	Begun, Complete bool
	Err             error
}

// Unwrap returns the cause.
func (e *StateError) Unwrap() error { return e.Err }

func (e *StateError) Error() string {
	cause := e.Err.Error()
	switch {
	case errors.Is(e.Err, context.Canceled):
		cause = "interrupted"
	case errors.Is(e.Err, unix.ENODEV), errors.Is(e.Err, unix.ENXIO), errors.Is(e.Err, unix.ENOMEDIUM):
		cause += " (it was unplugged)"
	case errors.Is(e.Err, unix.EIO):
		cause += " (it is broken, or was unplugged)"
	}
	switch {
	case !e.Begun:
		return fmt.Sprintf("%s; nothing was written: %s is as it was", cause, e.Path)
	case e.Complete:
		return fmt.Sprintf("%s; all %d bytes were written to %s, but not all of them compared: write it again to be sure", cause, e.Total, e.Path)
	}
	return fmt.Sprintf("%s; %d of %d bytes were written to %s, which holds neither its former content nor the image: "+
		"its first %d bytes are zero, nothing starts from it; write it again", cause, e.Written, e.Total, e.Path, min(chunk, e.Total))
}
