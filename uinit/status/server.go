package status

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/internal/report"
)

// Socket is where uinit answers uinitctl; root alone may ask.
const Socket = "/run/uinit.sock"

// Stream answers a question with any number of events, until ctx ends, which it does when the
// asker leaves, or send fails.
type Stream func(ctx context.Context, args []string, send func(report.Event) error) error

// Answer adds a question, its first word, to those that Listen answers. It is called before Listen.
func (b *Board) Answer(word string, s Stream) { b.streams[word] = s }

// Listen answers questions about the board on a socket until ctx ends. A question is a line, "status",
// "facts", or what Answer added; the answer is events as JSON lines.
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
			go b.answer(ctx, c)
		}
	}()
	return nil
}

// patience is how long an asker may take to ask, and to take each event.
const patience = 10 * time.Second

func (b *Board) answer(ctx context.Context, c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(c)
	question, err := in.ReadString('\n')
	if err != nil {
		return
	}
	out := json.NewEncoder(c)
	send := func(e report.Event) error {
		_ = c.SetWriteDeadline(time.Now().Add(patience))
		return out.Encode(e)
	}
	words := append(strings.Fields(question), "")
	var events []report.Event
	switch stream := b.streams[words[0]]; {
	case words[0] == "status":
		events = b.Now()
	case words[0] == "facts":
		events = b.Facts()
	case stream != nil:
		ctx, left := context.WithCancel(ctx)
		defer left()
		_ = c.SetReadDeadline(time.Time{})
		go func() {
			defer left()
			_, _ = in.ReadByte() // the end of the connection
		}()
		if err := stream(ctx, words[1:len(words)-1], send); err != nil && ctx.Err() == nil {
			_ = send(report.Event{Kind: report.KindReply, State: "failed", Message: err.Error()})
		}
		return
	default:
		known := append([]string{"status", "facts"}, slices.Sorted(maps.Keys(b.streams))...)
		events = []report.Event{{Kind: report.KindReply, State: "failed", Message: fmt.Sprintf("%q is not known; accepted: %s", words[0], strings.Join(known, ", "))}}
	}
	for _, e := range events {
		if send(e) != nil {
			return
		}
	}
}

// Ask puts a question and returns the answer.
func Ask(socket, question string) (events []report.Event, err error) {
	err = Follow(socket, question, func(e report.Event) { events = append(events, e) })
	return events, err
}

// Follow puts a question and hands over each event of the answer as it comes.
func Follow(socket, question string, each func(report.Event)) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("asking uinit, which listens from early in the boot until the machine goes down: %w", err)
	}
	defer c.Close()
	if _, err := fmt.Fprintln(c, question); err != nil {
		return fmt.Errorf("asking uinit: %w", err)
	}
	lines := bufio.NewScanner(c)
	lines.Buffer(nil, report.MaxLine)
	for lines.Scan() {
		e, err := report.ParseEvent(lines.Bytes())
		if err != nil {
			return fmt.Errorf("asking uinit: %w", err)
		}
		if e.Kind == report.KindReply {
			return errors.New(e.Message) // uinit's own words: what it was asked, the reader knows
		}
		each(e)
	}
	return lines.Err()
}
