package uki

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/imgbuild/imgbuild/build/extent"
)

// What systemd-stub takes from outside of the signed program while Secure Boot is on (src/boot/efi/stub.c, cpio.c):
//
//   - the firmware's load options in place of an empty kernel line: Sign refuses such a program;
//   - from version 254 on, further words from SMBIOS, which the owner of a virtual machine's settings writes: Seal;
//   - files named *.cred and *.raw beside the program and in /loader/credentials, which it unpacks below /.extra: uinit
//     removes them before it looks at anything;
//   - add-ons, from version 254 on, which firmware must find signed like the program;
//   - a seed for the random pool, which the kernel hashes.

// smbiosKey is the name of the string in SMBIOS. What follows it is added to the kernel line.
const smbiosKey = "io.systemd.stub.kernel-cmdline-extra"

// stubVersion is in every stub of systemd, for loaders to find.
var stubVersion = regexp.MustCompile(`#### LoaderInfo: systemd-stub ([0-9]+)`)

// Seal returns a stub that takes no words from SMBIOS: it looks for a name there that no firmware gives a string, for it cannot be
// printed. An error says that this stub is none that this is known of.
func Seal(stub []byte) ([]byte, error) {
	found := stubVersion.FindSubmatch(stub)
	if found == nil {
		return nil, errors.New("sealing a stub: it is not systemd's, and what it takes from outside is not known")
	}
	if version, err := strconv.Atoi(string(found[1])); err != nil || version >= 254 && !bytes.Contains(stub, []byte(smbiosKey)) {
		return nil, fmt.Errorf("sealing a stub: how version %s of systemd's takes words from SMBIOS is not known", found[1])
	}
	return bytes.ReplaceAll(stub, []byte(smbiosKey), bytes.Repeat([]byte{1}, len(smbiosKey))), nil
}

// ownLine refuses a UKI that has no kernel line of its own.
func ownLine(image extent.Content) error {
	if _, err := Find(image, ".linux"); err != nil {
		return nil // another program
	}
	var line []byte
	if s, err := Find(image, ".cmdline"); err == nil {
		if line, err = io.ReadAll(s.Open(image)); err != nil {
			return fmt.Errorf("reading its kernel line: %w", err)
		}
	}
	if len(bytes.Trim(line, " \t\r\n\x00")) == 0 {
		return errors.New("its kernel line is empty, so it would take the firmware's, which anybody may set; accepted: a program with one or more words in .cmdline")
	}
	return nil
}
