package slot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
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
	// maxProfile and maxCmdline are how many characters the name of a profile and a kernel line have at most.
	maxProfile, maxCmdline = 48, 2047
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

// checkProfile is for what people are shown: letters, digits and hyphens, as profiles may be called, and no escapes.
func checkProfile(name string) error {
	if name == "" || len(name) > maxProfile || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("%.100q is not the name of a profile", name)
	}
	return nil
}

func (m *Manifest) check(at int64) error {
	if err := checkProfile(m.Profile); err != nil {
		return err
	}
	if len(m.Cmdline) > maxCmdline || strings.ContainsFunc(m.Cmdline, unicode.IsControl) {
		return fmt.Errorf("%.100q is not a kernel line", m.Cmdline)
	}
	if m.Loader < 1 {
		return fmt.Errorf("the loader that it needs is %d", m.Loader)
	}
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
