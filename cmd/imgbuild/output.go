package main

import (
	"errors"
	"fmt"
	"io"
)

// output is where results go. It keeps the first error of writing, which many a caller of fmt does not look at: who asked for results
// and did not get them is told so by the exit code.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("writing to standard output: %w", err)
	}
	return n, err
}

// lost is what a verb that ended with err has to tell where its results could not be written. A difference that nobody can read is
// none that was told.
func (o *output) lost(err error) error {
	switch {
	case o.err != nil && err == nil:
		return o.err
	case o.err != nil && errors.Is(err, errDiffers):
		return troubleError{o.err}
	}
	return err
}
