package spec

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Description is what lies at Path: the machine, and what the builder alone knows of the image.
type Description struct {
	Machine
	// Built is the image's one time (SOURCE_DATE_EPOCH): no true time is before it. Zero
	// where the builder does not say.
	Built time.Time `json:"built,omitzero"`
	// Media are the EFI system partitions that the box may have been started from, each as a source of
	// a mount ("PARTUUID=…"); only where the profile has a table [site].
	Media []string `json:"media,omitempty"`
	// Features are those that the machine uses and that an init may have been built without.
	Features []string `json:"features,omitempty"`
	// Profile and Version are what the image is one of.
	Profile string `json:"profile,omitempty"`
	Version string `json:"version,omitempty"`
	// Slots are there where the image's disk has two.
	Slots *Slots `json:"slots,omitempty"`
	// Proof is JSON: the checks that prove a version on the box, by name (package check). It is there where versions are taken.
	Proof string `json:"proof,omitempty"`
	// Grow is there where a partition of the image's disk is to fill the disk.
	Grow *Growth `json:"grow,omitempty"`
}

// Read reads the description in a file, as the builder wrote it.
func Read(file string) (*Description, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the machine's description: %w", err)
	}
	d := &Description{}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("reading the machine's description in %s: %w", file, err)
	}
	return d, nil
}
