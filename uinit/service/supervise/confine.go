package supervise

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Rights are what a confined service has of root's: everything else is taken from it, root or not.
type Rights struct {
	// Capabilities, a bit each (spec.CapabilityMask).
	Capabilities uint64
	// Writable are places that are not read-only to it; a device below /dev is one.
	Writable []string
	// Calls are groups of system calls besides the usual ones.
	Calls []spec.CallGroup
	// NewPrivileges lets setuid programs be that.
	NewPrivileges bool
}

// rights are those that a row gives; nil: it takes none away.
func rights(cfg spec.Service) *Rights {
	if cfg.Unconfined {
		return nil
	}
	return &Rights{spec.CapabilityMask(cfg.Capabilities), cfg.Writable, cfg.SystemCalls, cfg.NewPrivileges}
}

// apart says whether a service has mounts of its own: not where it may write to all that there is.
func (r *Rights) apart() bool {
	if r == nil {
		return false
	}
	missing := func(place string) bool { return !slices.Contains(r.Writable, place) }
	return slices.ContainsFunc([]string{"/", "/dev", "/tmp"}, missing)
}

// confine gives up for good what the service has no right to, and changes the account. What is given up is the thread's, and the
// program's that the thread becomes.
func (e Sandbox) confine() error {
	runtime.LockOSThread()
	r := e.Confined
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"giving up capabilities", func() error { return dropBounds(r.Capabilities) }},
		// The kernel takes a filter from who can get no new rights, or from who has all.
		{"giving up new rights", func() error {
			if r.NewPrivileges {
				return nil
			}
			return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		}},
		{"filtering system calls", CallFilter(r.Calls).Thread},
		{"keeping capabilities", func() error { return unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0) }},
		{"changing the account", e.become},
		{"giving up capabilities", func() error { return keepCapabilities(r.Capabilities, e.Account != nil && e.Account.Uid != 0) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// dropBounds keeps capabilities away for good, but those in the mask, also from a program that a file would give some
// (capabilities(7)).
func dropBounds(but uint64) error {
	for c := uintptr(0); ; c++ {
		if but>>c&1 != 0 {
			continue
		}
		switch err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); {
		case errors.Is(err, unix.EINVAL) && c > unix.CAP_SETPCAP: // the kernel knows no more of them
			return nil
		case err != nil:
			return err
		}
	}
}

// keepCapabilities leaves these alone. Root's program has what the bounding set leaves; another account's has what is ambient.
func keepCapabilities(mask uint64, ambient bool) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for i := range data {
		word := uint32(mask >> (32 * i))
		data[i] = unix.CapUserData{Effective: word, Permitted: word}
		if ambient {
			data[i].Inheritable = word
		}
	}
	if err := unix.Capset(&header, &data[0]); err != nil || !ambient {
		return err
	}
	for c := range uintptr(64) {
		if mask>>c&1 != 0 {
			if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, c, 0, 0); err != nil {
				return err
			}
		}
	}
	return nil
}
