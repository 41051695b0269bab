package update

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/internal/cgroup"
	"github.com/imgbuild/imgbuild/internal/shown"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/beside"
	"github.com/imgbuild/imgbuild/uinit/service/supervise"
)

// talk is a program that runs beside the init for as long as a job takes.
type talk struct {
	io.ReadWriter
	in   *bufio.Reader
	stop func()
}

// start starts one of the two. It ends with ctx.
func (u *updater) start(ctx context.Context, name string, program *beside.Program, row spec.Service) (*talk, error) {
	lines, done := make(chan io.ReadWriter, 1), make(chan struct{})
	program.Feed = func(rw io.ReadWriter) {
		lines <- rw
		<-done
	}
	l := supervise.Launcher{Output: u.Programs.Say, Sandboxed: supervise.Sandboxed()}
	l.Group = u.Programs.Group(name, cgroup.Service(name), u.Programs.Groups.Shares.Service, cgroup.Limits{Memory: int64(row.Memory), Tasks: row.PIDs})
	_, place := u.Programs.Beside(name)
	process, err := program.Start(l, place, name, row)
	if err != nil {
		return nil, err
	}
	ended := context.AfterFunc(ctx, process.Kill)
	line := <-lines
	t := &talk{ReadWriter: line, in: bufio.NewReaderSize(line, 64<<10)}
	t.stop = func() {
		ended()
		process.Kill()
		close(done)
		process.Wait()
	}
	return t, nil
}

// answer reads a line from the program: its first word, and the rest. It may be a stranger's by now.
func (t *talk) answer(ctx context.Context) (word, rest string, err error) {
	line, err := t.in.ReadSlice('\n')
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
	}
	if err != nil {
		return "", "", fmt.Errorf("the program that was asked has ended: %w", err)
	}
	word, rest, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return word, shown.Line(rest), nil
}

// get has bytes of a resource fetched, and writes them to a writer. size is that of the whole resource, -1 where nobody knows.
func (t *talk) get(ctx context.Context, url string, offset, length int64, to io.Writer, waits func(string)) (size int64, err error) {
	if _, err := fmt.Fprintf(t, "get %d %d %s\n", offset, length, url); err != nil {
		return 0, err
	}
	size = -1
	for left := length; ; {
		word, rest, err := t.answer(ctx)
		if err != nil {
			return size, err
		}
		n, bad := strconv.ParseInt(rest, 10, 64)
		switch {
		case word == "size" && bad == nil:
			size = n
		case word == "data" && bad == nil && n > 0 && n <= left:
			if _, err := io.CopyN(to, t.in, n); err != nil {
				return size, err
			}
			left -= n
		case word == "wait":
			waits(rest)
		case word == "end":
			return size, nil
		case word == "error":
			return size, errors.New(rest)
		default:
			return size, fmt.Errorf("the program that fetches says %q", word)
		}
	}
}
