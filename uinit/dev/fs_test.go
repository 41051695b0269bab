package dev

import (
	"io/fs"
	"testing/fstest"
)

// fsFunc is a file system that is another one with each call.
type fsFunc func() fstest.MapFS

func (f fsFunc) Open(name string) (fs.File, error) { return f().Open(name) }
