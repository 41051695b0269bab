// Package pool watches the kernel's random pool become ready, helps it with a seed saved
// by an earlier boot, and tests a generator's output for gross faults.
//
// Whatever makes a key waits for the pool; nothing else does. Files and devices used:
// /proc/cpuinfo, /proc/cmdline, /sys/class/misc/hw_random, /dev/urandom, and the seed on the
// machine's own state. uinit loads virtio_rng before it starts the pool.
package pool

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// Kernel is what the pool needs of the kernel; see System.
type Kernel interface {
	// Random fills p from the pool once that is ready; until then it blocks.
	Random(p []byte) error
	// Early fills p without waiting; ready says whether the pool was.
	Early(p []byte) (ready bool, err error)
	// Mix stirs p into the pool and credits it with so many bits, which may be 0.
	Mix(p []byte, bits int) error
	// Log is the kernel's log as text, with time stamps.
	Log() string
	// Uptime is the time since the kernel started.
	Uptime() time.Duration
}

// State is what is known of the pool.
type State struct {
	Ready bool
	// At is when it became ready, from the kernel's start.
	At time.Duration
	// By is what made it ready.
	By Source
	// There lists the sources the machine has, best first.
	There []Source
}

// Pool is the kernel's pool as uinit sees it.
type Pool struct {
	kernel  Kernel
	root    fs.FS
	started time.Duration
	ready   chan struct{} // closed after state and err are set

	mu       sync.Mutex
	seedDone bool // the saved seed's credit made the pool ready

	state State
	err   error
}

// Start asks for random bytes at once, from a goroutine of its own: on a machine with no
// other source it is this very call that makes the kernel gather jitter. The goroutine
// stays in the system call until the pool is ready, for getrandom(2) can't be called off.
func Start(k Kernel, root fs.FS) *Pool {
	p := &Pool{kernel: k, root: root, started: k.Uptime(), ready: make(chan struct{})}
	early, _ := k.Early(make([]byte, 1))
	if early {
		p.wait(early) // at once
	} else {
		go p.wait(early)
	}
	return p
}

func (p *Pool) wait(early bool) {
	defer close(p.ready)
	if err := p.kernel.Random(make([]byte, 1)); err != nil {
		p.err = fmt.Errorf("waiting for the random pool: %w", err)
		return
	}
	at := p.kernel.Uptime()
	seen := Observe(p.root, p.kernel.Log())
	if seen.Stamped {
		at = seen.Ready
	} else if early {
		at = p.started
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = State{Ready: true, At: at, By: seen.filledBy(early, p.seedDone), There: seen.Sources()}
}

// Wait returns when the pool is ready, or with ctx's cause. Any number may wait.
func (p *Pool) Wait(ctx context.Context) (State, error) {
	select {
	case <-p.ready:
		return p.state, p.err
	default:
	}
	select {
	case <-p.ready:
		return p.state, p.err
	case <-ctx.Done():
		return State{}, fmt.Errorf("waiting for the random pool: %w", context.Cause(ctx))
	}
}

// Ready is closed when the pool is ready.
func (p *Pool) Ready() <-chan struct{} { return p.ready }

// State says how things stand, without waiting.
func (p *Pool) State() State {
	select {
	case <-p.ready:
		return p.state
	default:
		return State{There: Observe(p.root, p.kernel.Log()).Sources()}
	}
}

// Waiting says in a few words what the pool waits for; empty when it is ready.
func (p *Pool) Waiting() string {
	s := p.State()
	switch {
	case s.Ready:
		return ""
	case len(s.There) == 0:
		return "getrandom: no hardware generator, no RDRAND, no seed; the kernel gathers jitter"
	}
	names := make([]string, len(s.There))
	for i, source := range s.There {
		names[i] = string(source)
	}
	return "getrandom: the pool is not ready yet, though there is " + strings.Join(names, ", ")
}

// UseSeed stirs in the seed of an earlier boot; see LoadSeed. It may block on a slow disk;
// the pool does not wait for it.
func (p *Pool) UseSeed(dir, owner string) (Use, error) {
	return LoadSeed(seeding{p.kernel, p}, dir, owner)
}

// seeding notes whether a credit is what made the pool ready.
type seeding struct {
	Kernel
	pool *Pool
}

func (s seeding) Mix(b []byte, bits int) error {
	// Held over the credit, so that the waiter, which it wakes, learns what woke it.
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	ready, _ := s.Early(make([]byte, 1))
	err := s.Kernel.Mix(b, bits)
	s.pool.seedDone = err == nil && bits > 0 && !ready
	return err
}
