package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

// interrupts decides what ^C means to an interactive shell. The terminal sends
// it to the shell and to the programs it runs alike; a program may take it for
// its own (an editor, another shell). So while one runs, only its death by
// SIGINT stops the line; otherwise, in a loop of builtins, the signal does.
// The zero value is a shell that is not interactive: SIGINT ends it.
type interrupts struct {
	mu      sync.Mutex
	running int
	cancel  context.CancelFunc
}

// catch keeps the signals of the keyboard from ending the shell. They are caught
// and not ignored, because programs would inherit that.
func (i *interrupts) catch() (stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, unix.SIGINT, unix.SIGQUIT)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ch:
				i.interrupt()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(done)
	}
}

func (i *interrupts) interrupt() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.running == 0 && i.cancel != nil {
		i.cancel()
	}
}

// line returns the context of one line of input.
func (i *interrupts) line() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel = cancel
	return ctx, cancel
}

// foreground runs programs so that only they decide when they end.
func (i *interrupts) foreground(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(ctx context.Context, args []string) error {
		i.mu.Lock()
		i.running++
		i.mu.Unlock()
		err := next(context.WithoutCancel(ctx), args)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.running--
		if status, ok := errors.AsType[interp.ExitStatus](err); ok && status == statusInterrupted && i.cancel != nil {
			i.cancel()
		}
		return err
	}
}

// answer turns what keeps a program from starting into a status, as POSIX has
// it; the interpreter would end the whole script.
func answer(next interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(ctx context.Context, args []string) error {
		err := next(ctx, args)
		if _, ok := errors.AsType[interp.ExitStatus](err); ok || err == nil || errors.Is(err, context.Canceled) {
			return err
		}
		fmt.Fprintf(interp.HandlerCtx(ctx).Stderr, "%s: %v\n", args[0], err)
		return interp.ExitStatus(statusCannotExec)
	}
}
