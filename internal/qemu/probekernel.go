package qemu

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// tryKernel boots the kernel without anything to start: it has to panic, which resets the machine.
func (p Prober) tryKernel(ctx context.Context, dir string) string {
	words, err := awaitWords(filepath.Join(dir, "serial"))
	if err != nil {
		return err.Error()
	}
	exit, reason := p.watched(ctx, kernelLimit, "did not boot Linux", words.bound, "-m", "256", "-kernel", p.Kernel,
		"-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1", "-serial", "file:"+Escape(words.path))
	switch spoke := words.end(); {
	case exit.Status == 128+int(unix.SIGXCPU):
		return fmt.Sprintf("Linux under KVM said nothing in %d s of processor time", silentLimit)
	case reason != "":
		return reason
	case !spoke:
		return fmt.Sprintf("Linux under KVM ended with status %d before its first line: %s", exit.Status, or(firstLine(exit.Stderr), "nothing was said"))
	}
	return ""
}

// listener awaits Linux' first line on a serial port, which is a named pipe.
type listener struct {
	path        string
	read, write *os.File
	done        chan struct{}

	mu    sync.Mutex
	pid   int // of QEMU
	spoke bool
}

// awaitWords makes the pipe and listens to it.
func awaitWords(path string) (*listener, error) {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	// Opening an end waits for the other, unless it must not. While this writer is there, QEMU's end is not the pipe's.
	read, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	write, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		read.Close()
		return nil, err
	}
	l := &listener{path: path, read: read, write: write, done: make(chan struct{})}
	go l.hear()
	return l, nil
}

func (l *listener) hear() {
	defer close(l.done)
	for lines := bufio.NewScanner(l.read); lines.Scan(); {
		if strings.Contains(lines.Text(), "Linux version ") {
			l.mu.Lock()
			l.spoke = true
			softLimit(l.pid, unix.RLIMIT_CPU, unix.RLIM_INFINITY)
			l.mu.Unlock()
		}
	}
}

// bound gives QEMU's process silentLimit until the line comes. At its end it leaves no core.
func (l *listener) bound(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pid = pid; !l.spoke {
		softLimit(pid, unix.RLIMIT_CORE, 0)
		softLimit(pid, unix.RLIMIT_CPU, silentLimit)
	}
}

// softLimit sets a soft limit (getrlimit(2)) of a process that may have ended.
func softLimit(pid, resource int, to uint64) {
	var now unix.Rlimit
	if pid != 0 && unix.Prlimit(pid, resource, nil, &now) == nil {
		now.Cur = min(to, now.Max)
		_ = unix.Prlimit(pid, resource, &now, nil)
	}
}

// end says whether the line came.
func (l *listener) end() bool {
	l.write.Close()
	<-l.done
	l.read.Close()
	return l.spoke
}
