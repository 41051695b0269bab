package status

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Socket is where uinit answers uinitctl; root alone may ask.
const Socket = "/run/uinit.sock"

// Listen answers questions about the board on a socket until ctx ends. A question is a line, "status"
// or "facts"; the answer is events as JSON lines.
func (b *Board) Listen(ctx context.Context, socket string) error {
	_ = os.Remove(socket) // left by a worker that crashed
	l, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("opening the status socket: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		l.Close()
		return fmt.Errorf("opening the status socket: %w", err)
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.answer(c)
		}
	}()
	return nil
}

func (b *Board) answer(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	question, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return
	}
	out := json.NewEncoder(c)
	var events []report.Event
	switch q := strings.TrimSpace(question); q {
	case "status":
		events = b.Units()
	case "facts":
		events = b.Facts()
	default:
		events = []report.Event{{Kind: report.KindReply, State: "failed", Message: fmt.Sprintf("%q is not known; accepted: status, facts", q)}}
	}
	for _, e := range events {
		if out.Encode(e) != nil {
			return
		}
	}
}

// Ask puts a question and returns the answer.
func Ask(socket, question string) ([]report.Event, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("asking uinit: %w", err)
	}
	defer c.Close()
	if _, err := fmt.Fprintln(c, question); err != nil {
		return nil, fmt.Errorf("asking uinit: %w", err)
	}
	var events []report.Event
	for lines := bufio.NewScanner(c); lines.Scan(); {
		e, err := report.ParseEvent(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("asking uinit: %w", err)
		}
		if e.Kind == report.KindReply {
			return nil, fmt.Errorf("asking uinit: %s", e.Message)
		}
		events = append(events, e)
	}
	return events, nil
}
