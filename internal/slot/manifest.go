package slot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ManifestName is that of the first file of a slot's archive.
const ManifestName = "manifest.json"

// Namespace is what signatures of a manifest are made for ("ssh-keygen -Y sign -n", PROTOCOL.sshsig of OpenSSH).
const Namespace = "imgbuild-update"

// SignatureSuffix is what the name of the file ends in that holds the signature, beside NAME.update.
const SignatureSuffix = ".sig"

const (
	// ManifestFormat is the number of what a manifest means. Another one is refused.
	ManifestFormat = 1
	// MaxManifest bounds it, in bytes.
	MaxManifest = 128 << 10
	// LoaderFormat is the number of what GRUB on the disk expects of a slot. One that wants a later GRUB is refused: GRUB is written when
	// the whole disk is.
	LoaderFormat = 1
	// Sector is the unit of an archive, in bytes.
	Sector = 512
	// maxParts is more than a slot has.
	maxParts = 1024
)

// Manifest is what a slot says of itself. It is what is signed.
type Manifest struct {
	Format  int    `json:"format"`
	Profile string `json:"profile"`
	Version string `json:"version"`
	// Minimum is the oldest version that may be followed by this one; empty: any.
	Minimum string `json:"minimum_version,omitempty"`
	// Loader is the LoaderFormat that it needs.
	Loader int `json:"loader"`
	// Size is that of the whole slot in bytes, its manifest among them.
	Size int64 `json:"size"`
	// Kernel, Initrd and Cmdline are for a start without the firmware.
	Kernel  Range  `json:"kernel"`
	Initrd  Range  `json:"initrd"`
	Cmdline string `json:"cmdline"`
	// Parts are the slot's bytes behind the manifest, one after the other, without gaps.
	Parts []Part `json:"parts"`
}

// Range is a run of bytes of the slot.
type Range struct {
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`
}

// Part is a Range and its SHA-256 in hex.
type Part struct {
	Range
	SHA256 string `json:"sha256"`
}

// Hash is that of a manifest's text, as the record keeps it: enough to tell one update from another.
func Hash(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:8])
}

// HeadSize is how many bytes a manifest of so many bytes takes at the slot's start.
func HeadSize(manifest int) int64 {
	return Sector + (int64(manifest)+Sector-1)/Sector*Sector
}

// Head is what a slot begins with: the manifest as the archive's first file.
func Head(manifest []byte) []byte {
	b := make([]byte, HeadSize(len(manifest)))
	copy(b, header(ManifestName, int64(len(manifest))))
	copy(b[Sector:], manifest)
	return b
}

// header is that of a regular file of an archive (POSIX.1-1988, ustar): root's, 0444, without a time.
func header(name string, size int64) []byte {
	h := make([]byte, Sector)
	copy(h, name)
	copy(h[100:], fmt.Sprintf("%07o\x00%07o\x00%07o\x00%011o\x00%011o\x00        0", 0o444, 0, 0, size, 0))
	copy(h[257:], "ustar\x0000")
	total := 0
	for _, c := range h {
		total += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", total))
	return h
}

// ManifestSize reads how long the manifest is that a slot begins with, filled up to whole sectors, from the slot's first sector. What is
// shorter than that is no slot.
func ManifestSize(first []byte) (padded int64, err error) {
	size, err := headSize(first)
	return HeadSize(int(size)) - Sector, err
}

// errNone says that there is no manifest.
var errNone = errors.New("reading the manifest: this is no update of imgbuild's: it does not begin with one")

func headSize(first []byte) (int64, error) {
	if len(first) != Sector {
		return 0, errNone
	}
	size, err := strconv.ParseInt(string(first[124:135]), 8, 64)
	if err != nil || size <= 0 || size > MaxManifest || string(first) != string(header(ManifestName, size)) {
		return 0, errNone
	}
	return size, nil
}

// ReadHead reads the text of the manifest that a slot, or an update, begins with. It is not judged yet.
func ReadHead(from io.Reader) ([]byte, error) {
	first := make([]byte, Sector)
	if _, err := io.ReadFull(from, first); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", short(err))
	}
	size, err := headSize(first)
	if err != nil {
		return nil, err
	}
	text := make([]byte, HeadSize(int(size))-Sector)
	if _, err := io.ReadFull(from, text); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", short(err))
	}
	return text[:size], nil
}

func short(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ParseManifest reads a manifest and judges whether it can be true of itself.
func ParseManifest(text []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	if m.Format != ManifestFormat {
		return nil, fmt.Errorf("the manifest has format %d, and this version knows %d", m.Format, ManifestFormat)
	}
	if err := m.check(HeadSize(len(text))); err != nil {
		return nil, fmt.Errorf("the manifest contradicts itself: %w", err)
	}
	return m, nil
}

func (m *Manifest) check(at int64) error {
	if err := CheckVersion(m.Version); err != nil {
		return err
	}
	if m.Minimum != "" {
		if err := CheckVersion(m.Minimum); err != nil {
			return err
		}
	}
	if m.Size <= 0 || m.Size%Sector != 0 || len(m.Parts) > maxParts {
		return fmt.Errorf("%d bytes in %d parts", m.Size, len(m.Parts))
	}
	for i, p := range m.Parts {
		sum, err := hex.DecodeString(p.SHA256)
		if p.Offset != at || p.Size <= 0 || p.Size > m.Size-at || err != nil || len(sum) != sha256.Size {
			return fmt.Errorf("part %d has %d bytes at %d, where %d is next of %d", i, p.Size, p.Offset, at, m.Size)
		}
		at += p.Size
	}
	if at != m.Size {
		return fmt.Errorf("its parts have %d bytes, and it %d", at, m.Size)
	}
	for _, r := range []Range{m.Kernel, m.Initrd} {
		if r.Offset < 0 || r.Size < 0 || r.Offset > m.Size || r.Size > m.Size-r.Offset {
			return fmt.Errorf("a file of %d bytes at %d of %d", r.Size, r.Offset, m.Size)
		}
	}
	return nil
}
