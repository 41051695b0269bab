package feature

import (
	"context"

	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
)

// Random is the kernel's pool of randomness, as those see it who make keys.
type Random struct {
	// Ready returns when the pool is good for keys.
	Ready func(context.Context) error
	// Waiting says what it still needs, and is empty once it is good.
	Waiting func() string
	// Pool is what the entropy feature looks after.
	Pool *pool.Pool
}

// NewRandom shows a pool to those who make keys.
func NewRandom(p *pool.Pool) *Random {
	ready := func(ctx context.Context) error {
		_, err := p.Wait(ctx)
		return err
	}
	return &Random{Ready: ready, Waiting: p.Waiting, Pool: p}
}
