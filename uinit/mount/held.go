package mount

import (
	"errors"
	"os"
	"slices"

	"github.com/imgbuild/imgbuild/internal/holder"
)

// unheld refuses a device that somebody else uses, before anything is made on it or repaired. What is mounted already may
// be mounted in a second place: the kernel makes one file system of both, and nothing may repair it meanwhile.
func (m *Mount) unheld(device string) (mounted bool, err error) {
	flag := os.O_RDWR
	if m.cfg.ReadsOnly() {
		flag = os.O_RDONLY
	}
	err = holder.Unheld(device, flag)
	busy := (*holder.BusyError)(nil)
	if !errors.As(err, &busy) {
		return false, nil // mount(2) says it better
	}
	if mounted, busy.Holders = besides(busy.Holders); len(busy.Holders) == 0 {
		return mounted, nil
	}
	return mounted, busy
}

// besides says whether a device is mounted, and who else has it; a program that has what is mounted makes it larger, say.
func besides(holders []holder.Holder) (mounted bool, others []holder.Holder) {
	mounted = slices.ContainsFunc(holders, func(h holder.Holder) bool { return h.Kind == holder.Mount })
	return mounted, slices.DeleteFunc(holders, func(h holder.Holder) bool { return h.Kind == holder.Mount || mounted && h.Kind == holder.Process })
}
