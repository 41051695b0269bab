package grub_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/grub"
	"github.com/imgbuild/imgbuild/internal/needed"
)

// The chooser is a script that GRUB reads, whatever the firmware, and what is signed has no module that starts a kernel by itself. What it
// does TestSlots of qemu-tests shows.
func TestChooser(t *testing.T) {
	check := needed.Program(t, "grub-script-check")
	loader := efi(t)
	if !bytes.Contains(loader.Modules, []byte("\x00initrd\x00")) {
		t.Fatal("modules do not name their commands")
	}
	for _, signed := range []bool{false, true} {
		c := grub.MediumConfig{Menu: menu(), EFI: loader}
		modules := loader.Chooser
		if signed {
			c.Sign = func(p extent.Content) (*extent.Image, error) {
				image := extent.New(p.Size())
				image.Place(0, p)
				return image, nil
			}
			modules = loader.SignedChooser
		}
		made, err := grub.NewChooser(c)
		if err != nil {
			t.Fatal(err)
		}
		program, err := io.ReadAll(io.NewSectionReader(made.Program, 0, made.Program.Size()))
		if err != nil {
			t.Fatal(err)
		}
		for name, script := range map[string][]byte{"BIOS": made.BIOS, "UEFI": carried(t, program)["boot/grub/grub.cfg"]} {
			cmd := exec.Command(check)
			cmd.Stdin = bytes.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil || len(script) < 1000 {
				t.Errorf("%s, signed %v: %v\n%s\n%s", name, signed, err, out, script)
			}
		}
		// A module's commands are there by their names.
		for name, want := range map[string]bool{"\x00save_env\x00": true, "\x00chainloader\x00": true, "\x00initrd\x00": false, "tpm": signed} {
			if got := bytes.Contains(modules, []byte(name)); got != want {
				t.Errorf("signed %v: %q is among the modules: %v, want %v", signed, name, got, want)
			}
		}
	}
}

func TestChooserIsSigned(t *testing.T) {
	refused := errors.New("no key")
	_, err := grub.NewChooser(grub.MediumConfig{EFI: efi(t), Sign: func(extent.Content) (*extent.Image, error) { return nil, refused }})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// In a slot the kernel is told in which, and what fails leads on: to the chooser, or to another start.
func TestConfigInSlot(t *testing.T) {
	for _, tt := range []struct {
		at   grub.Site
		want []string
	}{
		{grub.Site{Firmware: grub.BIOS}, []string{"slot_failed\n}", "set whole=yes\n"}},
		{grub.Site{Firmware: grub.UEFI}, []string{"  exit\n}"}},
		{grub.Site{Firmware: grub.UEFI, Fixed: true}, []string{"  reboot\n}"}},
	} {
		tt.at.Slot, tt.at.File = true, blocks
		got := config(t, menu(), tt.at)
		for _, want := range append(tt.want, "115200n8 $from_slot; then if initrd ", `if regexp ',gpt4$' "$root"; then set from_slot=uinit.slot=a; fi`) {
			if !strings.Contains(got, want) {
				t.Errorf("%+v: no %q in\n%s", tt.at, want, got)
			}
		}
		tt.at.Slot = false
		if got := config(t, menu(), tt.at); strings.Contains(got, "slot") {
			t.Errorf("without slots:\n%s", got)
		}
	}
}
