package grub

import "strings"

// commands look for a disk that starts, beside the medium. A BIOS counts disks from the one that it started from, so that
// another one has to be made the first (drivemap). On UEFI boot programs are looked for where distributions and Windows put
// them, for the firmware's own entries can't be followed; such a program looks for its files on the disk that is GRUB's root then. Where GRUB may start nothing but what is signed, the firmware is
// left to go on with its next entry.
func (NextDisk) commands(c *config) ([]string, error) {
	script := nextOnBIOS
	switch {
	case c.Firmware == UEFI && c.Fixed:
		script = nextByFirmware
	case c.Firmware == UEFI:
		script = nextOnUEFI
		if c.Slot { // back to the menu: who leaves a slot's GRUB has the chooser start the other slot
			script = strings.TrimSuffix(strings.Replace(script, "; back to the firmware.", ".", 1), "\nexit")
		}
	}
	return strings.Split(strings.Trim(script, "\n"), "\n"), nil
}

const (
	nextOnBIOS = `
for disk in hd0 hd1 hd2 hd3 hd4 hd5 hd6 hd7; do
  if [ $disk != $medium ]; then
    if chainloader ($disk)+1; then
      if [ $disk != hd0 ]; then drivemap -s hd0 $disk; fi
      set root=$disk
      boot
    fi
  fi
done
echo 'No other disk of this machine starts.'
sleep --interruptible 10`

	nextOnUEFI = `
set own=$root
for program in (hd*)/EFI/*/shimx64.efi (hd*)/EFI/*/grubx64.efi (hd*)/EFI/Microsoft/Boot/bootmgfw.efi (hd*)/EFI/BOOT/BOOTX64.EFI; do
  if regexp "^.$medium[,)]" "$program"; then
    true
  else
    regexp --set=1:root '^.([^)]*)' "$program"
    if chainloader "$program"; then
      boot
    fi
  fi
done
set root=$own
echo 'No other disk that the firmware shows has a boot program; back to the firmware.'
sleep --interruptible 5
exit`

	nextByFirmware = `
echo 'Back to the firmware, which goes on with its next entry.'
exit`
)
