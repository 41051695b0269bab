package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/feature"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
	"github.com/imgbuild/imgbuild/uinit/thread"
)

// mostGroups is how many control groups a system may make; systemd with all its services has some hundred.
const mostGroups = 1024

// crun is the OCI runtime.
const crun = "/usr/bin/crun"

// Where crun keeps what it knows of a container, and what it says of its own troubles.
func stateDir(dir string) string { return filepath.Join(dir, "state") }
func crunLog(dir string) string  { return filepath.Join(dir, "crun.log") }
func ttySocket(dir string) string {
	return filepath.Join(dir, "tty")
}

// launch starts crun in the room, on a thread that is the room's and ends when that is done.
func (c *containers) launch(r room) (started supervise.Process, err error) {
	cfg, launcher, err := c.command(r)
	if err != nil {
		return nil, err
	}
	if launcher.Input, err = nothing(); err != nil {
		return nil, err
	}
	defer launcher.Input.Close()
	var console net.Listener
	if r.cfg.System {
		if console, err = net.Listen("unix", ttySocket(r.dir)); err != nil {
			return nil, err
		}
	}
	err = thread.Alone(func() (err error) {
		if err = r.enter(); err == nil {
			started, err = launcher.Start("container:"+r.name, cfg)
		}
		return err
	})
	if console != nil && err != nil {
		console.Close()
	} else if console != nil {
		go r.attach(console)
	}
	return started, err
}

// nothing is a file to read from without anything in it. crun gives the container's account what it reads from, and that is not to be the
// machine's /dev/null.
func nothing() (*os.File, error) {
	read, write, err := os.Pipe()
	if err == nil {
		write.Close()
	}
	return read, err
}

// command is how crun is started, with config.json written for it.
func (c *containers) command(r room) (cfg spec.Service, l supervise.Launcher, err error) {
	cfg = supervised(r.cfg)
	limits := c.Programs.Groups.Shares.Work
	usual := cgroup.Limits{Memory: limits.Memory / 2, Tasks: r.cfg.PIDs, Groups: mostGroups, Whole: !r.cfg.System}
	dir := c.Programs.Group("container:"+r.name, group(r.name), usual, cgroup.Limits{Memory: int64(r.cfg.Memory), CPU: r.cfg.CPU})
	l = supervise.Launcher{Environment: feature.Environment(), Output: c.Programs.Say, Adjustment: oom.Usual}
	made := r.bundle()
	manager := "disabled"
	if dir != "" {
		if err := cgroup.Clear(dir); err != nil { // what is left of a run that was killed, or by a worker that crashed
			return cfg, l, err
		}
		l.Group = filepath.Join(dir, "crun")
		if err := os.Mkdir(l.Group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return cfg, l, fmt.Errorf("making a control group: %w", err)
		}
		made.Group, manager = "/"+group(r.name)+"/inside", "cgroupfs"
	}
	if made.Devices, err = devices(r.cfg.Devices); err != nil {
		return cfg, l, err
	}
	if r.networked() {
		made.Hook = append(slices.Clone(c.hook), r.dir)
	}
	text, err := json.Marshal(made.Config())
	if err == nil {
		err = bounded.Write(filepath.Join(r.dir, "config.json"), text, 0o600)
	}
	for _, left := range []string{stateDir(r.dir), crunLog(r.dir), ttySocket(r.dir)} {
		err = errors.Join(err, os.RemoveAll(left))
	}
	cfg.Command = []string{crun, "--root", stateDir(r.dir), "--cgroup-manager", manager, "--log", "file:" + crunLog(r.dir), "--log-format", "json",
		"run", "--bundle", r.dir, "--pid-file", pidPipe(r.dir)}
	if r.cfg.System {
		cfg.Command = append(cfg.Command, "--console-socket", ttySocket(r.dir))
	}
	cfg.Command = append(cfg.Command, r.name)
	return cfg, l, err
}

// devices are those of a row as they are on this machine.
func devices(paths []string) (all []specs.LinuxDevice, err error) {
	for _, path := range paths {
		var now unix.Stat_t
		if err := unix.Stat(path, &now); err != nil {
			return nil, &os.PathError{Op: "device", Path: path, Err: err}
		}
		kind := map[uint32]string{unix.S_IFCHR: "c", unix.S_IFBLK: "b"}[now.Mode&unix.S_IFMT]
		if kind == "" {
			return nil, fmt.Errorf("device %s: it is none", path)
		}
		all = append(all, specs.LinuxDevice{Path: path, Type: kind, Major: int64(unix.Major(now.Rdev)), Minor: int64(unix.Minor(now.Rdev))})
	}
	return all, nil
}

// crunSaid is the last that crun said of its own troubles; nil: nothing.
func crunSaid(dir string) error {
	b, err := bounded.Read(crunLog(dir), 64<<10)
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	var last struct{ Msg string }
	if json.Unmarshal([]byte(lines[len(lines)-1]), &last) != nil || last.Msg == "" {
		return nil
	}
	return errors.New(last.Msg)
}
