//go:build nodisk

package main

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/internal/report"
)

// answerDisk belongs to machines that make something of blank disks.
func (w *worker) answerDisk(context.Context, []string, func(report.Event) error) error {
	return errors.New("this uinit was built without erasing disks (nodisk): nothing in its profile has create = true, and no array")
}
