package array

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
	"github.com/imgbuild/imgbuild/uinit/array/plan"
)

var errWaited = errors.New("members had their time")

// assemble makes an array where it is to be made, and starts it. The host's name is read here, once: "site" has had its say, and the
// name in the members of a new array is the one that they are started under.
func (a *arrays) assemble(ctx context.Context, name string) error {
	m := a.Machine.Now()
	cfg := m.Array[name]
	a.guarding.Do(a.watchDisks)
	defer a.lookAgain() // at those who came while it was not known what becomes of it
	if cfg.Create {
		if err := a.create(ctx, m, name); err != nil {
			return err
		}
	}
	want := md.Machine{Host: string(m.Hostname), Arrays: m.Array, Waited: map[string]bool{name: cfg.Patience() == 0}}
	for {
		op, err := a.await(ctx, name, cfg, want)
		if err != nil {
			return fmt.Errorf("waiting for array %s: %w: %s", name, err, op.Reason)
		}
		if err = a.carryOut(ctx, op); err == nil || op.Action != md.Start || ctx.Err() != nil || !a.lost(op) {
			return err
		}
		a.Log.Warn("array " + name + ": a member went, or was taken, before the array was started: " + err.Error())
	}
}

// await waits until it can be said what becomes of an array; once members have had their time, without those that are missing.
func (a *arrays) await(ctx context.Context, name string, cfg spec.Array, want md.Machine) (op md.Op, err error) {
	for {
		limited, cancel := ctx, context.CancelFunc(func() {})
		if !want.Waited[name] {
			limited, cancel = context.WithTimeoutCause(ctx, cfg.Patience(), errWaited)
		}
		err = a.AwaitDisk(limited, func() (bool, error) {
			have, err := a.observe()
			if err != nil {
				return false, err
			}
			op = md.Decide(name, want, have)
			if op.Action == md.Wait {
				op.Reason += "; " + md.Sight(a.sys, cfg.Match.Members)
				a.wait(name, op.Reason)
				return false, nil
			}
			a.wait(name, op.Reason)
			a.consider(name, want, have)
			return true, nil
		})
		cancel()
		if !errors.Is(err, errWaited) || ctx.Err() != nil {
			return op, err
		}
		want.Waited[name] = true
	}
}

func (a *arrays) carryOut(ctx context.Context, op md.Op) error {
	for _, left := range op.Left {
		a.Log.Warn("array " + op.Array + ": left out: " + left)
	}
	switch op.Action {
	case md.Refuse:
		a.Facts.Fact(plan.State.Of(op.Array).Is("refused"))
		a.mu.Lock()
		a.refused[op.Array] = true
		a.mu.Unlock()
		return errors.New(op.Reason)
	case md.Start:
		if err := a.kernel.Start(ctx, op); err != nil {
			if held := unused(op.Members...); held != nil {
				err = fmt.Errorf("%w: %w", err, held)
			}
			return err
		}
	}
	a.remember(op.Members...)
	a.mu.Lock()
	a.device[op.Array] = op.Device
	a.mu.Unlock()
	a.Facts.Fact(plan.Device.Of(op.Array).Is("/dev/" + op.Device))
	a.watching.Do(func() { go a.watch() })
	return a.name(op.Array, op.Device)
}
