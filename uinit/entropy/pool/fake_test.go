package pool

import (
	"bytes"
	"sync"
	"time"
)

// fake is a kernel whose pool becomes ready by a credit of 256 bits or by fill.
type fake struct {
	mu      sync.Mutex
	ready   chan struct{}
	isReady bool
	log     string
	uptime  time.Duration
	mixed   [][]byte
	bits    []int
	mixErr  error
	onMix   func()
	early   byte // what Early gives
}

func newFake() *fake { return &fake{ready: make(chan struct{}), early: 7} }

func (f *fake) fill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.isReady {
		f.isReady = true
		close(f.ready)
	}
}

func (f *fake) Random(p []byte) error { <-f.ready; return nil }

func (f *fake) Early(p []byte) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range p {
		p[i] = f.early
	}
	return f.isReady, nil
}

func (f *fake) Mix(p []byte, bits int) error {
	if f.onMix != nil {
		f.onMix()
	}
	if f.mixErr != nil {
		return f.mixErr
	}
	f.mu.Lock()
	f.mixed, f.bits = append(f.mixed, bytes.Clone(p)), append(f.bits, bits)
	f.mu.Unlock()
	if bits >= 256 {
		f.fill()
	}
	return nil
}

func (f *fake) Log() string { return f.log }

func (f *fake) Uptime() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.uptime
}

func (f *fake) setUptime(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.uptime = d
}
