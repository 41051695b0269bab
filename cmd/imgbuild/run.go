package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgbuild/imgbuild/internal/boot"
)

func (a *app) runCommand() *cobra.Command {
	m := machine{builder: builder{app: a}}
	var (
		until   string
		timeout time.Duration
	)
	c := &cobra.Command{
		Use: "run PROFILE", Short: "Boot a profile with its console on this terminal", Args: oneProfile,
		Long: `Builds the profile if needed and boots it in QEMU. Every key goes to the guest,
Ctrl-C too; Ctrl-A x ends the guest, Ctrl-A h shows more. Where the profile says
access.host_password, root gets a password for this boot, which is printed.

With --until the command ends as soon as the console prints something that matches,
and fails when it does not in time: for scripts.`,
		Example: `  imgbuild run headless
  imgbuild run mybox.toml --format disk --bus usb --firmware uefi
  imgbuild run mybox.toml --until 'login:' --timeout 2m`,
		RunE: func(c *cobra.Command, args []string) error {
			re, err := regexp.Compile(until)
			if err != nil {
				return usageError{fmt.Errorf("--until: %w", err)}
			}
			if c.Flags().Changed("timeout") && (until == "" || timeout <= 0) {
				return usageError{errors.New("--timeout goes with --until and takes a duration such as 60s")}
			}
			if err := m.check(); err != nil {
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
			if until != "" {
				return vm.Until(c.Context(), re, timeout, a.stdout)
			}
			in, ok := a.stdin.(*os.File)
			if !ok {
				return errors.New("running without --until: standard input is not a file")
			}
			_, err = vm.Attach(c.Context(), in, a.stdout, a.hint(vm))
			return err
		},
	}
	c.Flags().StringVar(&until, "until", "", "end when the console prints a match of `REGEX`")
	c.Flags().DurationVar(&timeout, "timeout", 60*time.Second, "`DURATION` to wait for the match of --until")
	m.flags(c)
	return c
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
