package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/dev"
	"github.com/imgbuild/imgbuild/uinit/ssh"
	"github.com/imgbuild/imgbuild/uinit/watchdog"
)

// addBuiltin adds the services that a profile asks for by a table of their own.
func addBuiltin(m *spec.Machine) {
	addShares(m)
	if m.SSH == nil {
		return
	}
	if m.Service == nil {
		m.Service = map[string]spec.Service{}
	}
	m.Service[spec.SSHService] = ssh.Service(*m.SSH)
}

// prepareSSH makes the host key, and shows it to those who are to compare it.
func (w *worker) prepareSSH(ctx context.Context) error {
	keys := ssh.Keys{Ready: w.poolReady, Make: ssh.MakeKey, Kept: ssh.OnDisk}
	key, err := keys.Prepare(ctx, *w.machine.SSH)
	if err != nil {
		return err
	}
	w.board.Fact("ssh.host_key", key.Fingerprint)
	w.board.Fact("ssh.host_key_kept", key.Kept)
	if w.machine.SSH.State != "" && !key.Kept {
		w.log.Warn(fmt.Sprintf("ssh: %s is not there, so the host key is another one", w.machine.SSH.State))
	}
	// Above the login prompt.
	if err := bounded.Make(filepath.Dir(ssh.FingerprintFile), 0o700); err != nil {
		return fmt.Errorf("showing the host key: %w", err)
	}
	if err := bounded.Write(ssh.FingerprintFile, []byte(key.Fingerprint+"\n"), 0o644); err != nil {
		return fmt.Errorf("showing the host key: %w", err)
	}
	return nil
}

// poolReady returns when the random pool is good for keys.
func (w *worker) poolReady(ctx context.Context) error {
	_, err := w.pool.Wait(ctx)
	return err
}

// startWatchdog finds a watchdog and feeds it until disarm.
func (w *worker) startWatchdog(context.Context) error {
	sys := dev.Sys()
	name, identity, err := watchdog.Find(sys)
	if errors.Is(err, watchdog.ErrNone) {
		if err := w.modules.Load("softdog"); err != nil {
			return fmt.Errorf("finding no watchdog in the machine: %w", err)
		}
		name, identity, err = watchdog.Find(sys)
	}
	if err != nil {
		return err
	}
	device, err := watchdog.Open(name)
	if err != nil {
		return err
	}
	dog, timeout, err := watchdog.Start(device, w.machine.Watchdog.Timeout.Or(time.Minute))
	if err != nil {
		return err
	}
	dog.Well = w.well
	dog.Log = func(format string, args ...any) { w.log.Warn(fmt.Sprintf(format, args...)) }
	w.board.Fact("watchdog.device", identity)
	w.board.Fact("watchdog.seconds", timeout.Seconds())
	// Beyond life: a shutdown that hangs is to end, too.
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- dog.Run(ctx) }()
	w.disarm.Store(&disarm{stop, done})
	return nil
}

// well says whether the worker is in order: it answers what "uinitctl status" asks.
func (w *worker) well(context.Context) error {
	w.board.Units()
	return nil
}

// disarm ends the feeding of a watchdog, and the watchdog with it.
type disarm struct {
	stop context.CancelFunc
	done <-chan error
}

// stopWatchdog is the last step but one of the way down.
func (w *worker) stopWatchdog(ctx context.Context) error {
	d := w.disarm.Load()
	if d == nil {
		return nil
	}
	d.stop()
	select {
	case err := <-d.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
