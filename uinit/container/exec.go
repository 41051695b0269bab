package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// execIn has crun start a command in a container, with the container's rights and no more; with a terminal of its own where somebody at one
// types and reads.
func execIn(name string, command []string) error {
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		command = []string{"/bin/sh"}
	}
	whole := isTerminal(0) && isTerminal(1) // what goes into a file or a pipe must not be a terminal's, with "\r\n" and errors in between
	args, err := execCommand(name, command, whole)
	switch {
	case err != nil:
		return err
	case !whole:
		return piped(args)
	}
	return become(crun, args)
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// execCommand is how crun starts a command in a container: like the container's own, for by itself it would give it root's account, new
// privileges and core files. What it is to be lies in memory, at a descriptor that crun keeps from the command.
func execCommand(name string, command []string, terminal bool) ([]string, error) {
	dir := spec.ContainerDir(name)
	b, err := os.ReadFile(filepath.Join(dir, "config.json"))
	var config specs.Spec
	if err == nil {
		err = json.Unmarshal(b, &config)
	}
	if err == nil && config.Process == nil {
		err = errors.New("nothing runs in it")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what %s is: %w", name, err)
	}
	process := config.Process
	process.Args, process.Terminal = command, terminal
	if terminal {
		process.Env = append(slices.Clone(process.Env), "TERM="+os.Getenv("TERM"))
	}
	text, err := json.Marshal(process)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("process", 0)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	if _, err := unix.Pwrite(fd, text, 0); err != nil {
		return nil, err
	}
	return []string{crun, "--root", stateDir(dir), "exec", "--process", fmt.Sprintf("/proc/self/fd/%d", fd), name}, nil
}

// piped runs crun with pipes in place of what this reads from and writes to. crun gives the container's account all that is no terminal, and
// a terminal that is written to only could be read in the container, too, for as long as anything of the command lives.
func piped(args []string) error {
	cmd := &exec.Cmd{Path: args[0], Args: args, Stdout: struct{ io.Writer }{os.Stdout}, Stderr: struct{ io.Writer }{os.Stderr}}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = slack.Start(cmd)
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", args[0], err)
	}
	go func() { // nobody waits for the rest of what a command does not read
		_, _ = io.Copy(in, os.Stdin)
		in.Close()
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1)) // what a signal ended has -1
	}
	return err
}
