package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// serve does what the init says until it says no more.
func serve(ctx context.Context, in io.Reader, out io.Writer, f *fetcher) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var busy atomic.Bool
	ended := make(chan error, 2)
	start := func(o order) error {
		if !busy.CompareAndSwap(false, true) {
			return fmt.Errorf("%w: a get while another one runs", errProtocol)
		}
		go func() {
			err := f.get(ctx, o, answers{out})
			busy.Store(false) // the next one may come as soon as the init has read of this one's end
			if err := conclude(ctx, err, answers{out}); err != nil {
				ended <- err
			}
		}()
		return nil
	}
	// Apart from this, for reading does not end where writing fails.
	go func() { ended <- listen(in, f, start) }()
	return <-ended
}

// listen reads what the init says, and has gets start.
func listen(in io.Reader, f *fetcher, start func(order) error) error {
	for lines := bufio.NewReaderSize(in, maxLine); ; {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		o, err := parseOrder(line)
		if err == nil && o.url != "" {
			err = start(o)
		} else if err == nil {
			f.names.set(o.servers)
		}
		if err != nil {
			return err
		}
	}
}

// conclude tells how a get ended.
func conclude(ctx context.Context, err error, out answers) error {
	var gone errGone
	switch {
	case ctx.Err() != nil: // nobody listens
		return nil
	case errors.As(err, &gone):
		return err
	case err != nil:
		return out.fail(err)
	}
	return out.end()
}
