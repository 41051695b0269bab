package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/boot"
)

func (a *app) runCommand() *cobra.Command {
	var h hardware
	m := machine{builder: builder{app: a}, add: h.add}
	var (
		until   string
		timeout time.Duration
	)
	c := &cobra.Command{
		Use: "run PROFILE", Short: "Boot a profile with its console on this terminal", Args: oneProfile,
		Long: `Builds the profile if needed and boots it in QEMU. Every key goes to the guest,
Ctrl-C too; Ctrl-A x ends the guest, Ctrl-A h shows more. Where the profile says
access.host_password, root gets a password for this boot, which is printed. So is
QEMU's command line: it can be pasted, and starts the same guest.

Disks of [run.disk.NAME] have NAME for a serial number. They are made anew for each
run, in disks/ beside the artifacts; with --keep they last, in kept/ there. A file
given with --disk is called like the file, a blank one disk1, disk2 …

With --format disk and --keep the guest starts from a copy of the disk that lasts too,
kept/medium.img, and restarts when it says so: an update is tried there as on a box
(docs/update.md). Remove the copy to begin anew.

With --monitor disks can be pulled and plugged in: Ctrl-A c goes to QEMU's monitor and
back, and what to type there is said.

With --until the command ends as soon as the console prints something that matches,
and fails when it does not in time: for scripts.`,
		Example: `  imgbuild run headless
  imgbuild run mybox.toml --format disk --bus usb --firmware uefi
  imgbuild run mybox.toml --forward 2222:22 --disk 4G --keep
  imgbuild run mybox.toml --format disk --keep
  imgbuild run mybox.toml --until 'login:' --timeout 2m`,
		RunE: func(c *cobra.Command, args []string) error {
			re, err := regexp.Compile(until)
			if err != nil {
				return usageError{fmt.Errorf("--until: %w", err)}
			}
			if c.Flags().Changed("timeout") && (until == "" || timeout <= 0) {
				return usageError{errors.New("--timeout goes with --until and takes a duration such as 60s")}
			}
			if err := errors.Join(m.check(), h.check(c)); err != nil {
				return err
			}
			p, err := a.load(c.Context(), args[0])
			if err != nil {
				return err
			}
			vm, err := m.prepare(c.Context(), p, false)
			if err != nil {
				return err
			}
			defer vm.Close()
			a.introduce(vm, until == "")
			a.equipped(&h, vm)
			if until != "" {
				return vm.Until(c.Context(), re, timeout, a.stdout)
			}
			in, ok := a.stdin.(*os.File)
			if !ok {
				return errors.New("running without --until: standard input is not a file")
			}
			_, err = vm.Attach(c.Context(), in, a.stdout, strings.Trim(a.hint(vm)+"\n"+vm.Plugging(), "\n"))
			return err
		},
	}
	c.Flags().StringVar(&until, "until", "", "end when the console prints a match of `REGEX`")
	c.Flags().DurationVar(&timeout, "timeout", 60*time.Second, "`DURATION` to wait for the match of --until")
	m.flags(c)
	h.flags(c)
	return c
}

// equipped says what the machine has by flags.
func (a *app) equipped(h *hardware, vm *boot.Machine) {
	if a.quiet {
		return
	}
	for _, f := range h.leads {
		fmt.Fprintln(a.stderr, f)
	}
	for _, d := range vm.Config.Disks {
		fmt.Fprintf(a.stderr, "disk %s is %s%s\n", d.ID, d.Path, map[bool]string{true: ", not written to"}[d.Snapshot])
	}
	if vm.Config.Serials > 1 {
		fmt.Fprintf(a.stderr, "ttyS1 and up are pseudo-terminals, which QEMU names first of all: screen /dev/pts/N\n")
	}
	if text := vm.Plugging(); text != "" {
		fmt.Fprintln(a.stderr, text)
	}
}

// introduce says how to repeat the run and how to log in.
func (a *app) introduce(vm *boot.Machine, interactive bool) {
	if a.quiet {
		return
	}
	fmt.Fprintf(a.stderr, "%s\n", vm.Command())
	if vm.Slow != "" {
		fmt.Fprintf(a.stderr, "emulated, which is slow: %s\n", vm.Slow)
	}
	if hint := a.hint(vm); hint != "" {
		fmt.Fprintln(a.stderr, hint)
	}
	if interactive {
		fmt.Fprintln(a.stderr, "leave with Ctrl-A x")
	}
}

// hint says how to log in, where the profile lets this host hand over a password.
func (a *app) hint(vm *boot.Machine) string {
	if vm.Password == "" || a.quiet {
		return ""
	}
	return fmt.Sprintf("log in as root with the password %s (for this boot only)", vm.Password)
}
