// Package access gives accounts what lets them in beyond what the image says: what the box's owner wants, and root's
// password, from the machine's host.
package access

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/access/plan"
	"github.com/imgbuild/imgbuild/uinit/account"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// Linked is the feature [access].
var Linked = feature.Linked{Name: "access", Units: plan.Units, New: func(d *feature.Deps) feature.Feature { return access{d, "/"} }, Rescue: rescue}

// access works on the files of the image, which lie below root.
type access struct {
	*feature.Deps
	root string
}

// Step is the work behind "users".
func (a access) Step(string) feature.Step { return feature.Step{Run: a.setUsers} }

// setUsers gives accounts what the box's owner wants for them, and takes root's password from the machine's host, where
// the profile allows that.
func (a access) setUsers(context.Context) error {
	a.Facts.Fact(plan.HostPassword.Is(false))
	failed := setAccounts(a.root, a.Machine.Image.User, a.Machine.Now().User)
	if !a.Machine.Now().Access.HostPassword {
		return failed
	}
	taken, err := takeHostPassword(a.Kmod.Load)
	a.Facts.Fact(plan.HostPassword.Is(taken))
	return errors.Join(failed, err)
}

// rescue does so for a shell that comes before the boot.
func rescue(_ context.Context, r feature.Rescue) error {
	if !r.Image.Access.HostPassword {
		return nil
	}
	_, err := takeHostPassword(r.Load)
	return err
}

// takeHostPassword gives root the password whose hash the machine's host hands over for this boot, and says whether
// there was one.
func takeHostPassword(load func(module string) error) (taken bool, err error) {
	if err := load("qemu_fw_cfg"); err != nil {
		return false, err
	}
	raw, err := os.ReadFile("/sys/firmware/qemu_fw_cfg/by_name/" + report.FWRootHash + "/raw")
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // not under QEMU, or its user hands over nothing
	}
	if err != nil {
		return false, fmt.Errorf("reading root's password from the host: %w", err)
	}
	hash, err := account.ParseHash(raw)
	if err != nil {
		return false, fmt.Errorf("reading root's password from the host: %w", err)
	}
	if err := account.Apply("/etc/shadow", "root", hash); err != nil {
		return false, err
	}
	return true, nil
}
