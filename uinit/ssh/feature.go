package ssh

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/ssh/plan"
)

// Linked is the feature [ssh].
var Linked = feature.Linked{
	Name: "ssh", Units: plan.Units, Services: plan.Services,
	New: func(d *feature.Deps) feature.Feature { return hostKey{d} },
}

// hostKey is all that the worker does for the server, which is a service.
type hostKey struct{ *feature.Deps }

// Step is the work behind "ssh-key".
func (k hostKey) Step(string) feature.Step {
	return feature.Step{Run: k.prepare, Waiting: k.Random.Waiting}
}

// prepare makes the host key, and shows it to those who are to compare it.
func (k hostKey) prepare(ctx context.Context) error {
	cfg := k.Machine.Now().SSH
	keys := Keys{Ready: k.Random.Ready, Make: MakeKey, Kept: bounded.OnDisk}
	key, err := keys.Prepare(ctx, *cfg)
	if err != nil {
		return err
	}
	k.Facts.Fact(plan.HostKey.Is(key.Fingerprint))
	k.Facts.Fact(plan.HostKeyKept.Is(key.Kept))
	if cfg.State != "" && !key.Kept && cfg.HostKeyFile == (spec.Source{}) {
		k.Log.Warn(fmt.Sprintf("ssh: %s is not there, so the host key is another one", cfg.State))
	}
	// Above the login prompt.
	if err := bounded.Make(filepath.Dir(plan.FingerprintFile), 0o700); err != nil {
		return fmt.Errorf("showing the host key: %w", err)
	}
	if err := bounded.Write(plan.FingerprintFile, []byte(key.Fingerprint+"\n"), 0o644); err != nil {
		return fmt.Errorf("showing the host key: %w", err)
	}
	return nil
}
