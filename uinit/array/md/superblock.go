// Package md joins disks into the arrays that the kernel's md driver runs: it reads the superblocks
// that mdadm wrote, decides what may start, and starts it. It never writes a superblock: creating and
// repairing are mdadm's.
package md

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imgbuild/imgbuild/internal/direct"
	"github.com/imgbuild/imgbuild/internal/signature"
)

// Roles of a device that is no active member (md_p.h).
const (
	RoleSpare   = 0xffff
	RoleFaulty  = 0xfffe
	RoleJournal = 0xfffd
	// roleMax is above every slot (MD_DISK_ROLE_MAX).
	roleMax = 0xff00
)

// Features of version 1 (md_p.h).
const (
	FeatureBitmap         = 1
	FeatureRecoveryOffset = 2
	FeatureReshape        = 4
	FeatureBadBlocks      = 8
	FeatureReplacement    = 16
	FeatureReshapeBack    = 32
	FeatureNewOffset      = 64
	FeatureRecoveryBitmap = 128
	FeatureClustered      = 256
	FeatureJournal        = 512
	FeaturePPL            = 1024
	FeatureMultiplePPLs   = 2048
	FeatureRAID0Layout    = 4096
)

// UUID is an array's identity.
type UUID [16]byte

// String is the form that mdadm prints: four groups of eight hexadecimal digits.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + ":" + h[8:16] + ":" + h[16:24] + ":" + h[24:]
}

// Superblock is what a member tells of its array, whichever version it was written in.
type Superblock struct {
	// Version is 0.90, 1.0, 1.1 or 1.2: where it lies.
	Version string
	UUID    UUID
	// Name is "HOST:NAME" or "NAME"; version 0.90 has none.
	Name string
	// Level is 0, 1, 4, 5, 6, 10, or -1 for linear; Layout means something in 5, 6 and 10.
	Level, Layout int
	// Slots is the number of active members of the whole array.
	Slots int
	// Events counts changes of the array's state: the member that counted most is the freshest.
	Events uint64
	// Clean says that all copies and parities agree.
	Clean bool
	// Features are the bits of version 1; 0.90 knows a reshape only.
	Features uint32
	// Number is the device's own in Roles; it is not its slot.
	Number int
	// Roles are the slots of all devices by their numbers, or a Role….
	Roles []int
	// Recovering says that the member's content is not whole yet.
	Recovering bool
	// Needs is how many sectors of 512 bytes the device must have.
	Needs uint64
}

// Role is the device's own: a slot, RoleSpare, RoleFaulty or RoleJournal.
func (s *Superblock) Role() int { return s.RoleOf(s.Number) }

// RoleOf is what this member holds the device with that number to be.
func (s *Superblock) RoleOf(number int) int {
	if number < 0 || number >= len(s.Roles) {
		return RoleSpare
	}
	return s.Roles[number]
}

// Active says that a role is a slot.
func Active(role int) bool { return role >= 0 && role < roleMax }

// Split returns the host and the name that an array was given.
func (s *Superblock) Split() (host, name string) {
	if host, name, ok := strings.Cut(s.Name, ":"); ok {
		return host, name
	}
	return "", s.Name
}

// ErrNone says that a device carries no superblock.
var ErrNone = errors.New("no md superblock")

// ErrDamaged says that a device carries a superblock that cannot be right.
var ErrDamaged = errors.New("damaged md superblock")

// blockSize is what every superblock fits into.
const blockSize = 4096

// Read finds the superblock of a device of n sectors. The error is ErrNone or ErrDamaged, wrapped, or
// the device's own. Two that are whole are an error too: nobody can say which one holds.
func Read(r io.ReaderAt, n uint64) (*Superblock, error) {
	if n < 256 {
		return nil, ErrNone
	}
	var found *Superblock
	var damaged error
	size := int64(n) * 512
	r, block := direct.Blocks(r, size), make([]byte, blockSize)
	for _, p := range signature.MDPlaces {
		sector := p.Sector(int64(n))
		if _, err := r.ReadAt(block, sector*512); err != nil {
			return nil, fmt.Errorf("reading the superblock at sector %d: %w", sector, err)
		}
		s, err := Parse(block, p.Version, uint64(sector))
		if err == nil && p.Version == "0.90" && !signature.Old(r, size, block) {
			err = ErrNone // it is that of the last partition, which ends where the disk does
		}
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			damaged = err
		case found != nil:
			return nil, fmt.Errorf("%w: one of version %s beside one of %s", ErrDamaged, found.Version, s.Version)
		default:
			found = s
		}
	}
	if found != nil {
		return found, nil
	}
	if damaged != nil {
		return nil, damaged
	}
	return nil, ErrNone
}

// Parse reads a superblock of a version out of the 4096 bytes at a sector of its device.
func Parse(block []byte, version string, sector uint64) (*Superblock, error) {
	if len(block) < blockSize || binary.LittleEndian.Uint32(block) != signature.MDMagic {
		return nil, ErrNone
	}
	if version == "0.90" {
		return parse0(block)
	}
	return parse1(block, version, sector)
}

func damage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
