package share

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Shortest password that RFC 3720 (section 8.2.1) allows for CHAP, and the longest that the kernel takes.
const (
	shortest = 12
	longest  = 255
)

// ServeISCSI offers the disks. load loads a kernel module. One that fails does not keep the
// others from being offered.
func ServeISCSI(ctx context.Context, rows map[string]spec.ISCSIShare, load func(string) error) error {
	for _, module := range []string{"configfs", "target_core_mod", "target_core_file", "target_core_iblock", "iscsi_target_mod"} {
		if err := load(module); err != nil {
			return err
		}
	}
	if err := attach("configfs", "/sys/kernel/config"); err != nil {
		return err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if err := offer(ctx, name, rows[name]); err != nil {
			failed = append(failed, fmt.Errorf("offering %s by iSCSI: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// StopISCSI takes the disks back, so that their files can be closed. What was never
// offered is passed over.
func StopISCSI(ctx context.Context, rows map[string]spec.ISCSIShare) error {
	if _, err := os.Stat(target); err != nil {
		return nil
	}
	disks := map[string]Disk{}
	for name, row := range rows {
		info, err := os.Stat(row.Source)
		disks[name] = Disk{Device: err == nil && info.Mode()&fs.ModeDevice != 0}
	}
	return apply(ctx, Undo(PlanISCSI(rows, disks)))
}

// find looks at what is to be offered; a file that the profile gives a size is made.
func find(row spec.ISCSIShare) (d Disk, err error) {
	if row.PasswordFile != "" {
		b, err := os.ReadFile(row.PasswordFile)
		if err != nil {
			return d, fmt.Errorf("reading the password: %w", err)
		}
		d.Password = strings.TrimRight(string(b), "\r\n")
		if n := len(d.Password); n < shortest || n > longest {
			return d, fmt.Errorf("the password in %s has %d characters; accepted: %d to %d", row.PasswordFile, n, shortest, longest)
		}
	}
	info, err := os.Stat(row.Source)
	if errors.Is(err, os.ErrNotExist) && row.Size > 0 {
		if err := create(row.Source, int64(row.Size)); err != nil {
			return d, err
		}
		info, err = os.Stat(row.Source)
	}
	if err != nil {
		return d, err
	}
	d.Device, d.Size = info.Mode()&fs.ModeDevice != 0, info.Size()
	if !d.Device && d.Size == 0 {
		return d, fmt.Errorf("%s is empty", row.Source)
	}
	return d, nil
}

// create makes a file of a size in bytes, which takes no space before it is written.
func create(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// apply takes the steps. What is there already, or gone, is as wanted.
func apply(ctx context.Context, ops []Op) error {
	var failed []error
	for _, op := range ops {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := do(op)
		if err == nil || op.Verb == remove && errors.Is(err, os.ErrNotExist) || op.Verb != Write && errors.Is(err, os.ErrExist) {
			continue
		}
		if op.Secret {
			op.Value = "…"
		}
		err = fmt.Errorf("%s %s %s: %w", op.Verb, strings.TrimPrefix(op.Path, target+"/"), op.Value, unwrapped(err))
		if op.Verb != remove && op.Value != "0" {
			return err // what follows builds on it
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func do(op Op) error {
	switch op.Verb {
	case Make:
		return os.Mkdir(op.Path, 0o755)
	case Link:
		return os.Symlink(op.Value, op.Path)
	case remove:
		// Not os.Remove: after a failed unlink it would try rmdir and tell of that.
		if info, err := os.Lstat(op.Path); err == nil && info.IsDir() {
			return unix.Rmdir(op.Path)
		}
		return unix.Unlink(op.Path)
	}
	return os.WriteFile(op.Path, []byte(op.Value), 0)
}

// unwrapped drops the path, which the message has already.
func unwrapped(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
