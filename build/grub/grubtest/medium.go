// Package grubtest makes what starts a medium, for tests of media.
package grubtest

import (
	"bytes"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/build/uki"
	"github.com/imgbuild/imgbuild/build/uki/ukitest"
)

// Composed is a UKI of these.
func Composed(t testing.TB, kernel, initrd []byte) *extent.Image {
	t.Helper()
	image, err := uki.New(ukitest.Stub(1024), uki.Parts{Linux: bytes.NewReader(kernel), Initrd: bytes.NewReader(initrd), Cmdline: "quiet"})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// Medium has a menu whose one entry starts a UKI.
func Medium(t testing.TB, image extent.Content) *grub.Medium {
	t.Helper()
	m, err := grub.NewMedium(grub.MediumConfig{Menu: grub.Menu{Entries: []grub.Entry{{Title: "headless", Do: grub.Kernel{Cmdline: "quiet"}}}}, UKI: image})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Slot is Medium as it lies in a slot of a disk.
func Slot(t testing.TB, image extent.Content) *grub.Medium {
	t.Helper()
	m, err := grub.NewMedium(grub.MediumConfig{Menu: grub.Menu{Entries: []grub.Entry{{Title: "headless", Do: grub.Kernel{Cmdline: "quiet"}}}}, UKI: image, Slot: true})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
