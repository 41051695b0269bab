package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/uinit/entropy"
)

// awaitPool is the unit that everything which makes keys needs.
func (w *worker) awaitPool(ctx context.Context) error {
	state, err := w.pool.Wait(ctx)
	if err != nil {
		return err
	}
	for name, value := range state.Facts() {
		w.Facts.Fact(name, value)
	}
	return nil
}

// useSeed takes up what the last boot left, and leaves the next one something as soon as there is
// anything worth it. The pool does not wait for this: a disk may be slow, or gone.
func (w *worker) useSeed(context.Context) error {
	dir := w.Machine.Now().Entropy.State
	if err := bounded.Make(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the random seed: %w", err)
	}
	use, err := w.pool.UseSeed(dir, entropy.Owner())
	fate := "credited"
	switch {
	case errors.Is(err, entropy.ErrNoSeed):
		fate, err = "none yet", nil
	case !use.Credited:
		fate = "stirred in without credit: " + use.Why
	}
	if err != nil {
		fate = err.Error()
	}
	w.Facts.Fact("entropy.seed", fate)
	w.seeded.Store(true)
	go func() {
		select {
		case <-w.pool.Ready():
			if err := w.saveSeed(w.Life); err != nil {
				w.Log.Warn(err.Error())
			}
		case <-w.Life.Done():
		}
	}()
	return err
}

// saveSeed leaves a seed for the next boot, where the directory for it came up.
func (w *worker) saveSeed(context.Context) error {
	if !w.seeded.Load() {
		return nil
	}
	err := entropy.SaveSeed(entropy.System{}, w.Machine.Now().Entropy.State, entropy.Owner())
	if errors.Is(err, entropy.ErrNotReady) {
		return nil
	}
	return err
}

// rngTestBlocks is as many as rngtest(1) users look at: 2.5 MB.
const rngTestBlocks = 1000

// rngtestMain is "uinit rngtest [FILE]": it tests /dev/urandom or a generator such as /dev/hwrng
// for gross faults (FIPS 140-2).
func rngtestMain(args []string) int {
	file := "/dev/urandom"
	switch len(args) {
	case 0:
	case 1:
		file = args[0]
	default:
		fmt.Fprintln(os.Stderr, "usage: uinit rngtest [FILE], such as /dev/hwrng")
		return 2
	}
	f, err := os.Open(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rngtest:", err)
		return 2
	}
	defer f.Close()
	tally, err := entropy.Tested(f, rngTestBlocks)
	fmt.Print(tally)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rngtest: testing %s: %v\n", file, err)
		return 2
	}
	if tally.Suspicious() {
		return 1
	}
	return 0
}
