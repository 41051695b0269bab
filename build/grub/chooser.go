package grub

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/imgbuild/imgbuild/build/extent"
	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/internal/slot"
)

// Files of a slot, besides its manifest. The chooser knows the first two by their names, for good: it may be older than what it starts.
const (
	slotConfig      = "grub.cfg"
	slotProgram     = "boot.efi"
	slotMemtestBIOS = "memtest.bin"
	slotMemtestUEFI = "memtest.efi"
)

// chooserModules are what the chooser needs on UEFI. Without linux it can start nothing but what the firmware takes.
var chooserModules = strings.Fields("part_gpt memdisk tar normal chain serial terminal echo true test regexp sleep reboot loadenv minicmd")

// verifierModule has the firmware asked about what is chainloaded: without a module that answers for them, GRUB under Secure Boot starts no
// programs at all. It measures into a TPM, where there is one.
const verifierModule = "tpm"

// Chooser is GRUB on a disk with two slots. It reads the record, counts a try before it starts it, and starts what is in a slot.
type Chooser struct {
	// BIOS is grub.cfg in the system partition, Program the UEFI program, signed where all is.
	BIOS    []byte
	Program extent.Content
}

// NewChooser makes the chooser of a disk whose slots have such a menu.
func NewChooser(c MediumConfig) (*Chooser, error) {
	made := &Chooser{BIOS: chooserScript(BIOS, c.Menu.Serial, false)}
	modules := c.EFI.Chooser
	if c.Sign != nil {
		modules = c.EFI.SignedChooser
	}
	loader := EFILoader{Kernel: c.EFI.Kernel, Modules: modules}
	program, err := loader.Program([]Member{{"boot/grub/grub.cfg", bytes.NewReader(chooserScript(UEFI, c.Menu.Serial, c.Sign != nil))}})
	if err != nil {
		return nil, err
	}
	made.Program = program
	if c.Sign != nil {
		made.Program, err = c.Sign(program)
	}
	return made, err
}

// choosers makes the modules of choosers for UEFI.
func (t Tools) choosers(ctx context.Context, l *EFILoader) (err error) {
	if l.Chooser, err = t.efiModules(ctx, chooserModules); err != nil {
		return err
	}
	l.SignedChooser, err = t.efiModules(ctx, append(chooserModules[:len(chooserModules):len(chooserModules)], verifierModule))
	return err
}

// chooserScript is what the chooser does. Nobody is asked anything, and nothing leads to GRUB's prompt.
func chooserScript(f Firmware, serial *Serial, signed bool) []byte {
	var states []string
	for _, s := range slot.States {
		states = append(states, string(s))
	}
	count := ""
	for n := slot.MaxTries; n > 0; n-- {
		count += fmt.Sprintf("  if [ \"$tries\" = %d ]; then set left=%d; fi\n", n, n-1)
	}
	medium, starts := `regexp --set=1:medium '^([^,]*)' "$root"`, startOnBIOS
	if f == UEFI {
		medium, starts = "set superusers=nobody\n"+`regexp --set=1:medium '^\(([^,)]*)' "$cmdpath"`, startOnUEFI
		if signed {
			starts = startSigned
		}
	}
	port := ""
	if serial != nil {
		port = fmt.Sprintf("    if serial --unit=%d --speed=%d; then terminal_output --append serial; fi\n", serial.Unit, serial.Baud)
	}
	return []byte(strings.NewReplacer(
		"MEDIUM\n", medium+"\n",
		"PORT\n", port,
		"STATES", strings.Join(states, "|"),
		"RECORD", fmt.Sprintf("$medium,gpt%d", layout.RecordNumber),
		"FIRST", slot.RecordFile, "COPY", slot.CopyFile,
		"COUNT\n", count,
		"PART_A", fmt.Sprintf("gpt%d", layout.SlotANumber), "PART_B", fmt.Sprintf("gpt%d", layout.SlotBNumber),
		"NEXT", string(slot.Next), "TRYING", string(slot.Trying), "GOOD", string(slot.Good),
		"MENU", slotConfig, "PROGRAM", slotProgram,
	).Replace(strings.Replace(chooser, "START\n", starts, 1)))
}

// chooser reads both copies of the record and takes the first that is whole. What it writes it reads back: a firmware may lose writes
// without a word, and an endless row of tries would follow. A copy that says something else than the one that counts is older, and is
// left alone. Then slots are queued: the one that is tried, the one that proved itself last, and the other if that did, too.
const chooser = `MEDIUM
function say {
  if [ "$port" != up ]; then
    set port=up
    true
PORT
  fi
  echo "$1"
}
function read_record {
  set start=
  set a=
  set b=
  set tries=
  load_env --skip-sig --file "(RECORD)/$1" start a b tries
  if regexp '^[ab]$' "$start"; then
    if regexp '^[0-9]$' "$tries"; then
      if regexp '^(STATES)$' "$a"; then
        if regexp '^(STATES)$' "$b"; then return 0; fi
      fi
    fi
  fi
  return 1
}
function start_slot {
  if [ "$1" = a ]; then set root=$medium,PART_A; else set root=$medium,PART_B; fi
START
}
function start_next {
  while regexp --set=1:slot --set=2:queue '^([abw])(.*)$' "$queue"; do
    if [ "$slot" = w ]; then
      say "Neither slot is good: a is $a, b is $b."
      say "Starting slot $start, which was good last, in 30 seconds."
      sleep --interruptible 30
    else
      start_slot "$slot"
      if [ "$started" = yes ]; then return 0; fi
      say "Slot $slot cannot be started."
    fi
  done
  say "Nothing on this disk starts. The machine starts again in 30 seconds."
  sleep --interruptible 30
  reboot
}
set file=
set other=
if read_record COPY; then
  set file=COPY
  set said="$start $a $b $tries"
fi
if read_record FIRST; then
  if [ "$file" = COPY -a "$said" = "$start $a $b $tries" ]; then set other=COPY; fi
  set file=FIRST
else
  if [ "$file" = COPY ]; then
    say "The record of slots is damaged. Its copy is not."
    read_record COPY
  fi
fi
set try=
if [ -n "$file" -a "$tries" != 0 ]; then
  if [ "$a" = NEXT -o "$a" = TRYING ]; then set try=a; fi
  if [ "$b" = NEXT -o "$b" = TRYING ]; then set try=b; fi
fi
if [ -n "$try" ]; then
COUNT
  set tries=$left
  set $try=TRYING
  save_env --file "(RECORD)/$file" tries $try
  if [ -n "$other" ]; then save_env --file "(RECORD)/$other" tries $try; fi
  read_record $file
  if [ "$tries" != "$left" ]; then
    say "The record of slots cannot be written. Slot $try is not tried."
    set try=
  fi
fi
if [ -z "$file" ]; then
  say "The record of slots is damaged, and so is its copy. Trying slot a, then b."
  set queue=ab
else
  set queue=$try
  if [ "$a" != GOOD -a "$b" != GOOD ]; then set queue=${queue}w; fi
  set queue=$queue$start
  if [ "$start" = a -a "$b" = GOOD ]; then set queue=${queue}b; fi
  if [ "$start" = b -a "$a" = GOOD ]; then set queue=${queue}a; fi
fi
set load=source
start_next
`

const (
	// On a BIOS the slot's menu becomes the chooser's own, and is shown when this script is over. An entry of it that fails comes back by
	// slot_failed, and the next slot's menu is one within that.
	startOnBIOS = `  set whole=
  if [ -s "($root)/MENU" ]; then $load "($root)/MENU"; fi
  set started=$whole
}
export queue medium start a b port
function slot_failed {
  set load=configfile
  start_next
`
	// Programs come back where they could start nothing.
	startOnUEFI = `  if chainloader "($root)/PROGRAM"; then boot; fi
  set started=
`
	// One that starts its own kernel, which is signed with it, comes back where a person wants the firmware's next entry.
	startSigned = `  if chainloader "($root)/PROGRAM"; then
    if boot; then exit; fi
  fi
  set started=
`
)
