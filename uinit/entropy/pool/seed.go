package pool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// SeedName is the seed's file in a directory of the machine's own, writable state. An image
// must never hold one: every copy of the image would start from the same secret.
const SeedName = "random-seed"

// seedSize is 256 bits: all that the kernel's pool can hold (BLAKE2s, random.c).
const seedSize = sha256.Size

// seedLimit is more than what seed.String returns, in bytes.
const seedLimit = 256

// Errors of the seed.
var (
	// ErrNotReady says that the pool has nothing worth saving yet.
	ErrNotReady = errors.New("the random pool is not ready")
	// ErrNoSeed says that no boot has left a seed yet.
	ErrNoSeed = errors.New("no saved seed")
	// ErrBadSeed says that the file is not what SaveSeed writes. It is not used.
	ErrBadSeed = errors.New("not a saved seed")
)

// Use is what became of a saved seed.
type Use struct {
	// Credited: the seed counted as 256 bits. Otherwise it was stirred in for what it is worth.
	Credited bool
	// Why says why it was not credited.
	Why string
}

// LoadSeed stirs the seed saved in dir into the pool. The order is the point: the seed is
// read, replaced and the replacement is on the disk before the pool learns of it, so that
// no two boots ever start from the same seed, whenever the power goes. Where the
// replacement can't be written the seed is stirred in without credit and the error says so.
//
// owner names the machine (its DMI UUID, say). A seed that another machine saved came
// with a copied disk; several machines may have it, so it gets no credit.
func LoadSeed(k Kernel, dir, owner string) (Use, error) {
	path := filepath.Join(dir, SeedName)
	text, mode, err := readSeed(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Use{}, fmt.Errorf("reading %s: %w", path, ErrNoSeed)
	case errors.As(err, new(bounded.Refusal)):
		return Use{}, fmt.Errorf("%w: %w", ErrBadSeed, err)
	case err != nil:
		return Use{}, fmt.Errorf("reading the saved seed: %w", err)
	}
	old, err := parseSeed(text)
	if err != nil {
		return Use{}, fmt.Errorf("reading %s: %w", path, err)
	}

	fresh := make([]byte, seedSize)
	if _, err := k.Early(fresh); err != nil {
		return Use{}, fmt.Errorf("asking for random bytes: %w", err)
	}
	use, heir := Use{Credited: true}, ownerID(owner)
	switch {
	case old.owner != heir:
		use = Use{Why: "another machine saved it, or nobody knows who"}
	case mode.Perm()&0o077 != 0:
		use = Use{Why: fmt.Sprintf("others could read it (mode %04o)", mode.Perm())}
	}
	if !use.Credited {
		// What follows from a secret that others may know is no better; SaveSeed ends this.
		heir = nobody
	}
	// Different labels keep what the pool gets and what stays on disk apart: neither tells the other.
	next := derive("replacement", old.secret[:], fresh)
	now := derive("use", old.secret[:], fresh)
	if err := writeSeed(dir, seed{owner: heir, secret: next}); err != nil {
		_ = k.Mix(now[:], 0)
		return Use{Why: "its replacement could not be written"}, fmt.Errorf("replacing the saved seed: %w", err)
	}
	bits := 0
	if use.Credited {
		bits = 8 * len(now)
	}
	if err := k.Mix(now[:], bits); err != nil {
		return Use{}, fmt.Errorf("stirring in the saved seed: %w", err)
	}
	return use, nil
}

// readSeed returns a file's content and mode.
func readSeed(path string) ([]byte, fs.FileMode, error) {
	f, err := bounded.Open(path, os.O_RDONLY)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	text, err := bounded.ReadAll(f, seedLimit)
	return text, info.Mode(), err
}

// SaveSeed leaves a new seed in dir for the next boot. Call it when the pool has become
// ready and again at shutdown. It returns ErrNotReady, and leaves what is there, where
// the pool is not ready.
func SaveSeed(k Kernel, dir, owner string) error {
	fresh := make([]byte, seedSize)
	ready, err := k.Early(fresh)
	if err != nil {
		return fmt.Errorf("asking for random bytes: %w", err)
	}
	if !ready {
		return fmt.Errorf("saving a seed: %w", ErrNotReady)
	}
	if err := writeSeed(dir, seed{owner: ownerID(owner), secret: derive("saved", fresh, nil)}); err != nil {
		return fmt.Errorf("saving a seed: %w", err)
	}
	return nil
}

type seed struct {
	owner  string // hexadecimal, see ownerID
	secret [seedSize]byte
}

const (
	seedMagic = "uinit-seed-1"
	nobody    = "-" // owner of a seed that never gets credit
)

// parseSeed reads "uinit-seed-1 OWNER SECRET\n".
func parseSeed(text []byte) (seed, error) {
	fields := strings.Split(strings.TrimSuffix(string(text), "\n"), " ")
	if len(fields) != 3 || fields[0] != seedMagic {
		return seed{}, ErrBadSeed
	}
	secret, err := hex.DecodeString(fields[2])
	if err != nil || len(secret) != seedSize {
		return seed{}, ErrBadSeed
	}
	return seed{owner: fields[1], secret: [seedSize]byte(secret)}, nil
}

func (s seed) String() string {
	return fmt.Sprintf("%s %s %x\n", seedMagic, s.owner, s.secret)
}

// ownerID hides the owner's name, which may be a serial number.
func ownerID(owner string) string {
	sum := derive("owner", []byte(owner), nil)
	return hex.EncodeToString(sum[:8])
}

// derive hashes its parts, each with its length in front, so that no two splits of
// the same bytes give the same result.
func derive(label string, parts ...[]byte) [seedSize]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", seedMagic, label)
	for _, part := range parts {
		fmt.Fprintf(h, "%d\x00", len(part))
		h.Write(part)
	}
	return [seedSize]byte(h.Sum(nil))
}

// writeSeed replaces the file in one step and returns when it is on the disk.
func writeSeed(dir string, s seed) error {
	return bounded.Write(filepath.Join(dir, SeedName), []byte(s.String()), 0o600)
}
