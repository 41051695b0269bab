package virtioport

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
	"github.com/imgbuild/imgbuild/uinit/slack"
)

// Control answers requests.
type Control struct {
	// Test lets the host run commands and end the run: with ParamTest, and from nowhere but a virtual machine's port.
	Test bool
	// Reply sends an answer.
	Reply func(report.Event)
	// Power asks for an end of the run.
	Power func(action string) error

	once  sync.Once
	acked chan struct{}
}

func (c *Control) init() { c.once.Do(func() { c.acked = make(chan struct{}) }) }

// Acked is closed when the host says that it has the whole report.
func (c *Control) Acked() <-chan struct{} {
	c.init()
	return c.acked
}

// maxRequest bounds a line, so that a noisy host can't fill memory.
const maxRequest = 256 << 10

// Serve answers the requests in r, one a line, until it ends. Commands run side by side.
func (c *Control) Serve(ctx context.Context, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRequest)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			c.take(ctx, line)
		}
	}
	return lines.Err()
}

func (c *Control) take(ctx context.Context, line string) {
	var q report.Request
	if err := json.Unmarshal([]byte(line), &q); err != nil {
		c.refuse(q.ID, fmt.Sprintf("reading the request: %v", err))
		return
	}
	switch {
	case q.Ack:
		c.init()
		select {
		case <-c.acked:
		default:
			close(c.acked)
		}
	case !c.Test:
		c.refuse(q.ID, "refused; accepted: from a virtual machine's host, with "+report.ParamTest+" on the kernel line")
	case len(q.Command) > 0:
		go func() { c.Reply(run(ctx, q)) }()
	case q.Power != "":
		if err := c.Power(q.Power); err != nil {
			c.refuse(q.ID, err.Error())
			return
		}
		c.Reply(report.Event{Kind: report.KindReply, ID: q.ID})
	default:
		c.refuse(q.ID, "a request without command, power or ack")
	}
}

func (c *Control) refuse(id int, why string) {
	c.Reply(report.Event{Kind: report.KindReply, ID: id, State: "failed", Message: why})
}

// run executes a command as the protocol has it: no shell, in /, bounded in time and output.
func run(ctx context.Context, q report.Request) report.Event {
	timeout := 60 * time.Second
	if q.Timeout > 0 {
		timeout = time.Duration(q.Timeout * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, q.Command[0], q.Command[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// The whole group goes, and what left the group can't keep the pipes open for ever.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	stdout, stderr := &head{}, &head{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := slack.Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	reply := report.Event{Kind: report.KindReply, ID: q.ID, State: "ok", Output: stdout.String(), Errors: stderr.String()}
	if cmd.ProcessState != nil {
		code := cmd.ProcessState.ExitCode()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			code = 128 + int(ws.Signal())
		}
		reply.Exit = &code
	}
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		reply.State, reply.Message = "failed", fmt.Sprintf("not done within %v", timeout)
	case err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		reply.State, reply.Message = "failed", err.Error()
	}
	return reply
}

// head keeps the first 64 KiB of what is written to it.
type head struct{ strings.Builder }

func (h *head) Write(p []byte) (int, error) {
	const limit = 64 << 10
	h.Builder.Write(p[:min(len(p), limit-h.Len())])
	return len(p), nil
}
