package grub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The folders in which GRUB looks for grub.cfg. It knows the disk that the BIOS
// started it from, so that two disks with the same image do not confuse it.
const (
	// DiskPrefix is on the disk's second partition, the EFI system partition.
	DiskPrefix = "(,gpt2)/boot/grub"
	// ISOPrefix is on the CD, or on the whole stick that an ISO was written to.
	ISOPrefix = "/boot/grub"
)

// modules are what Config's commands need on disks and CDs, and what a person may
// want at GRUB's prompt: no module is ever loaded from a file.
var modules = strings.Fields("biosdisk part_gpt fat iso9660 normal linux serial terminal configfile echo test sleep ls cat all_video reboot halt")

// Tools are the unpacked packages grub-common and grub-pc-bin, and what they depend
// on: a folder with usr/lib/grub/i386-pc, usr/bin/grub-mkimage and its libraries.
type Tools struct {
	Root string
}

// Images are the parts of GRUB that lie on a medium.
type Images struct {
	// MBR is boot.img, for disks; Hybrid is boot_hybrid.img, for ISOs on sticks; CD
	// is cdboot.img.
	MBR, Hybrid, CD []byte
	// DiskCore and ISOCore are the core images with DiskPrefix and ISOPrefix.
	DiskCore, ISOCore []byte
}

// Images reads the boot sectors and makes the core images. Equal packages give equal
// bytes.
func (t Tools) Images(ctx context.Context) (*Images, error) {
	var im Images
	for name, to := range map[string]*[]byte{"boot.img": &im.MBR, "boot_hybrid.img": &im.Hybrid, "cdboot.img": &im.CD} {
		b, err := os.ReadFile(filepath.Join(t.modules(), name))
		if err != nil {
			return nil, fmt.Errorf("reading GRUB's boot sectors: %w", err)
		}
		*to = b
	}
	for prefix, to := range map[string]*[]byte{DiskPrefix: &im.DiskCore, ISOPrefix: &im.ISOCore} {
		b, err := t.core(ctx, prefix)
		if err != nil {
			return nil, fmt.Errorf("making GRUB's core image: %w", err)
		}
		*to = b
	}
	return &im, nil
}

func (t Tools) modules() string { return filepath.Join(t.Root, "usr/lib/grub/i386-pc") }

// core runs grub-mkimage by the loader of its own packages, so that it needs nothing
// of the host.
func (t Tools) core(ctx context.Context, prefix string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "imgbuild-grub-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "core.img")
	libraries := []string{}
	for _, lib := range []string{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"} {
		libraries = append(libraries, filepath.Join(t.Root, lib))
	}
	args := append([]string{
		"--library-path", strings.Join(libraries, ":"), filepath.Join(t.Root, "usr/bin/grub-mkimage"),
		"-d", t.modules(), "-O", "i386-pc", "-p", prefix, "-o", out,
	}, modules...)
	cmd := exec.CommandContext(ctx, filepath.Join(t.Root, "lib64/ld-linux-x86-64.so.2"), args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/nonexistent"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running grub-mkimage: %w", errors.Join(err, errors.New(string(bytes.TrimSpace(said)))))
	}
	return os.ReadFile(out)
}
