package feature

import "context"

// Random is the kernel's pool of randomness, as those see it who make keys.
type Random struct {
	// Ready returns when the pool is good for keys.
	Ready func(context.Context) error
	// Waiting says what it still needs, and is empty once it is good.
	Waiting func() string
}
