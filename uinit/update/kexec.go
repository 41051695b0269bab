package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/slot"
	"github.com/imgbuild/imgbuild/uinit/feature"
)

// restart restarts the machine in good order: through the firmware, or by kexec into what the next start would be.
func (u *updater) restart(ctx context.Context, args []string, to feature.Asker) error {
	switch {
	case len(args) == 0:
	case len(args) > 1 || args[0] != "--kexec":
		return errors.New("accepted: uinitctl update restart [--kexec]")
	default:
		version, tried, err := u.loadNext(ctx)
		if err != nil {
			return err
		}
		to.Tell("Starting %s without the firmware.", version)
		if tried {
			to.Tell("It is good only after a start through that.")
		}
	}
	return u.reboot()
}

// secureBoot says whether the firmware starts only what is signed (UEFI specification, section 3.3). Four bytes of attributes come before the
// variable's value.
func secureBoot() bool {
	b, err := os.ReadFile("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c")
	return err == nil && len(b) == 5 && b[4] == 1
}

// loadNext hands the kernel of what the next start would be to the running one, which starts it when the run ends. tried says that
// it has to prove itself.
func (u *updater) loadNext(ctx context.Context) (version string, tried bool, err error) {
	if secureBoot() { // of what kexec starts the kernel alone is looked at, if that
		return "", false, errors.New("with Secure Boot the firmware verifies what starts, and kexec would go past it: \"uinitctl update restart\" goes through it")
	}
	r, _, err := u.book.read()
	if err != nil {
		return "", false, err
	}
	n, tried := r.Tried()
	if !tried {
		n = r.Start
	}
	m, text, err := u.on.text(n)
	if err != nil {
		return "", false, err
	}
	// The kernel takes one that was cut off for whole.
	if err := verify(ctx, u.on.slots[n], text, m); err != nil {
		return "", false, fmt.Errorf("slot %s: %w", n, err)
	}
	f, err := direct.Open(u.on.slots[n], os.O_RDONLY)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	slotFile := &local{file: f}
	kernel, err := inMemory("kernel", slotFile, m.Kernel)
	if err != nil {
		return "", false, err
	}
	defer kernel.Close()
	initrd, err := inMemory("initrd", slotFile, m.Initrd)
	if err != nil {
		return "", false, err
	}
	defer initrd.Close()
	line := strings.TrimSpace(m.Cmdline) + " " + slot.Param + "=" + string(n)
	err = unix.KexecFileLoad(int(kernel.Fd()), int(initrd.Fd()), line, 0)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EKEYREJECTED), errors.Is(err, unix.ENOKEY), errors.Is(err, unix.EBADMSG):
		err = fmt.Errorf("%w; the kernel is locked down, as under Secure Boot, and knows no key that this kernel is signed with: \"reboot\" goes through the firmware", err)
	case errors.Is(err, unix.ENOSYS):
		err = fmt.Errorf("%w: this kernel was built without kexec_file_load", err)
	}
	if err != nil {
		return "", false, fmt.Errorf("handing %s to the kernel: %w", m.Version, err)
	}
	return m.Version, tried, nil
}

// inMemory copies a file out of a slot to where kexec can read it.
func inMemory(name string, from *local, r slot.Range) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	if err := from.copy(slot.Part{Range: r}, f); err != nil && !errors.Is(err, io.EOF) {
		f.Close()
		return nil, fmt.Errorf("reading the %s: %w", name, err)
	}
	return f, nil
}
