package holder

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// lock keeps out others who are about to open the file. It ends with the reservation, and so does not last.
func (r *Reservation) lock() error {
	if err := unix.Flock(int(r.f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return r.busy()
	}
	return nil // or a file system without locks
}

// remote are file systems that refuse a lease for reasons of their own (include/uapi/linux/magic.h; SMB's are in fs/smb).
var remote = []uint32{unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, 0xff534d42, 0xfe534d42}

// unwritten asks for a lease, which the kernel gives only where nobody has the file open for writing (fcntl(2),
// F_SETLEASE): no process in whatever container, no loop device and no iSCSI target.
func (r *Reservation) unwritten() error {
	_, err := unix.FcntlInt(r.f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case err == nil:
		_, err = unix.FcntlInt(r.f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return errors.Join(err, r.unheld()) // a loop device may only read
	case errors.Is(err, unix.EAGAIN) && !r.isRemote():
		if unheld := r.unheld(); unheld != nil {
			return unheld
		}
		if holders, err := r.holders(); r.bears(holders) {
			return err
		}
		return r.busy()
	}
	return r.unheld() // a file system without leases, or somebody else's file
}

func (r *Reservation) isRemote() bool {
	var s unix.Statfs_t
	return unix.Fstatfs(int(r.f.Fd()), &s) == nil && slices.Contains(remote, uint32(s.Type))
}

// unlocked looks for locks as QEMU puts on the disks of its guests, also on those that it only reads (raw_apply_lock_bytes
// in block/file-posix.c).
func (r *Reservation) unlocked() error {
	if !r.writes {
		return nil
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(r.f.Fd(), unix.F_OFD_GETLK, &lock); err == nil && lock.Type != unix.F_UNLCK {
		return r.busy()
	}
	return nil
}
