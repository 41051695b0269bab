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

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/secret/source"
)

// Shortest password that RFC 7143 (section 9.2.1) allows for CHAP, and the longest that the kernel takes.
const (
	shortest = 12
	longest  = 255
)

// ServeISCSI offers the disks. load loads a kernel module; alone returns why a device may not be used by itself. One
// that fails does not keep the others from being offered.
func ServeISCSI(ctx context.Context, rows map[string]spec.ISCSIShare, load, alone func(string) error) error {
	return serveISCSI(ctx, rows, load, alone, attach)
}

func serveISCSI(ctx context.Context, rows map[string]spec.ISCSIShare, load, alone func(string) error, attach func(...string) error) error {
	for _, module := range []string{"configfs", "target_core_mod", "target_core_file", "target_core_iblock", "iscsi_target_mod"} {
		if err := load(module); err != nil {
			return err
		}
	}
	if err := attach("configfs", "/sys/kernel/config"); err != nil {
		return err
	}
	return offerAll(ctx, rows, load, alone)
}

func offerAll(ctx context.Context, rows map[string]spec.ISCSIShare, load, alone func(string) error) error {
	var failed []error
	disks, begun := map[string]Disk{}, map[string]bool{}
	for name, cfg := range rows {
		half, done := offered(group(cfg))
		if done {
			continue // a worker before this one has done it, and initiators may be at work
		}
		disk, err := findAlone(cfg, load, alone)
		if err != nil {
			failed = append(failed, fmt.Errorf("offering %s by iSCSI: %w", name, err))
			continue
		}
		disks[name], begun[name] = disk, half
	}
	if err := apply(ctx, planDiscovery(rows, disks)); err != nil {
		return errors.Join(append(failed, fmt.Errorf("offering disks by iSCSI: %w", err))...)
	}
	for _, name := range slices.Sorted(maps.Keys(disks)) {
		if err := offer(ctx, name, rows[name], disks[name], begun[name]); err != nil {
			failed = append(failed, fmt.Errorf("offering %s by iSCSI: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// offered says whether a target is there, and whether the last of its settings is made, which opens it.
func offered(group string) (begun, done bool) {
	b, err := os.ReadFile(group + "/enable")
	return err == nil, strings.TrimSpace(string(b)) == "1"
}

// findAlone is find for what may be used by itself.
func findAlone(cfg spec.ISCSIShare, load, alone func(string) error) (Disk, error) {
	if err := alone(cfg.Source); err != nil {
		return Disk{}, err
	}
	return find(cfg, load)
}

// StopISCSI takes the disks back, so that their files can be closed. What was never
// offered is passed over.
func StopISCSI(ctx context.Context, rows map[string]spec.ISCSIShare) error {
	if _, err := os.Stat(target); err != nil {
		return nil
	}
	disks := map[string]Disk{}
	for name, cfg := range rows {
		disks[name] = Disk{Device: isDevice(cfg.Source)}
	}
	return apply(ctx, Undo(PlanISCSI(rows, disks)))
}

// find looks at what is to be offered; a file that the profile gives a size is made.
func find(cfg spec.ISCSIShare, load func(module string) error) (d Disk, err error) {
	if cfg.User == "" && !cfg.Insecure {
		return d, errors.New("nobody would be asked for a password, and the image does not say that this is meant (insecure = true)")
	}
	if d.Password, err = password(cfg.PasswordFile, load); err != nil {
		return d, err
	}
	if d.Mutual, err = password(cfg.MutualPasswordFile, load); err != nil {
		return d, err
	}
	// RFC 7143, section 9.2.1: else an initiator could have the target answer its own question.
	if d.Mutual != "" && d.Mutual == d.Password {
		return d, fmt.Errorf("the passwords in %s and %s are the same; accepted: two", cfg.PasswordFile.Place(), cfg.MutualPasswordFile.Place())
	}
	if d.Device = isDevice(cfg.Source); d.Device {
		return d, blockDevice(cfg.Source)
	}
	f, err := bounded.Open(cfg.Source, os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) && cfg.Size > 0 {
		// It takes no space before it is written.
		err = bounded.FillNew(cfg.Source, 0o600, func(f *os.File) error { return f.Truncate(int64(cfg.Size)) })
		if err == nil {
			f, err = bounded.Open(cfg.Source, os.O_RDONLY)
		}
	}
	if err != nil {
		return d, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return d, err
	}
	if d.Size = info.Size(); d.Size == 0 {
		return d, fmt.Errorf("%s is empty", cfg.Source)
	}
	return d, nil
}

// isDevice goes by the name: a node of a device that lies on a disk came with the disk.
func isDevice(path string) bool { return strings.HasPrefix(path, "/dev/") }

func blockDevice(path string) error {
	info, err := os.Stat(path) // links in /dev are the machine's own: /dev/md/data
	if err == nil && !isBlock(info.Mode()) {
		err = fmt.Errorf("%s is not a block device", path)
	}
	return err
}

func isBlock(mode fs.FileMode) bool { return mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0 }

// password reads a password for CHAP from where it is found; none from nowhere.
func password(from spec.Source, load func(module string) error) (string, error) {
	if from == (spec.Source{}) {
		return "", nil
	}
	text, err := source.Read(from, load)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	switch n := len(text); {
	case n < shortest || n > longest:
		return "", fmt.Errorf("the password in %s has %d characters; accepted: %d to %d", from.Place(), n, shortest, longest)
	case strings.ContainsAny(text, "\n\x00") || strings.HasPrefix(text, "NULL"): // the kernel's word for none (iscsi_target_configfs.c)
		return "", fmt.Errorf("the password in %s is more than one line, or begins with NULL; accepted: another", from.Place())
	}
	return text, nil
}

// apply takes the steps. What is there already, or gone, is as wanted; so is a folder that stays because disks of others are in
// it, as ENOTEMPTY says, which os.ErrExist stands for, too.
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
			op.Value = "..."
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
