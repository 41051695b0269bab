package console

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// channelFD is where getty finds the channel to the process that started it.
const channelFD = 3

// The channel begins with a brief that nobody asked for: what a getty is for must not depend on how soon a busy machine answers.
// Here is what getty writes on it, a byte each.
const (
	askBrief  = '?' // answered by a brief
	sayInside = '!' // somebody is in; no answer

	// A menu says what was chosen; no answer.
	sayContinue   = byte(Continue)
	sayNoServices = byte(NoServices)
)

// brief is what getty can't find out by itself, as one line of JSON.
type brief struct {
	Console spec.Console `json:"console"`
	// Version is the image's.
	Version string `json:"version,omitempty"`
	// Status are lines for the issue text.
	Status []string `json:"status,omitempty"`
	// Rescue, where given, makes this a rescue console and is the reason for it.
	Rescue *string `json:"rescue,omitempty"`
	// Unguarded: a rescue shell needs no password where root has none.
	Unguarded bool `json:"unguarded,omitempty"`
	// Menu makes this the menu of a boot that is held; Status is what waits.
	Menu bool `json:"menu,omitempty"`
}

// channel is a pair of connected sockets. The second is for a child process.
func channel() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a channel to getty: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "getty"), os.NewFile(uintptr(fds[1]), "uinit"), nil
}

// converse serves a getty until it closes the channel. It reports whether somebody came in,
// and what was chosen from a menu.
func converse(c io.ReadWriter, current func() brief) (inside bool, choice Choice) {
	var b [1]byte
	for {
		if _, err := c.Read(b[:]); err != nil {
			return inside, choice
		}
		switch b[0] {
		case sayInside:
			inside = true
		case sayContinue, sayNoServices:
			choice = Choice(b[0])
		case askBrief:
			if tell(c, current()) != nil {
				return inside, choice
			}
		}
	}
}

// tell writes a brief.
func tell(c io.Writer, b brief) error {
	line, err := json.Marshal(b)
	if err == nil {
		_, err = c.Write(append(line, '\n'))
	}
	return err
}

// asker is getty's end of the channel; nil where getty was started by hand.
type asker struct {
	c       *os.File
	replies *bufio.Reader
	// owed are the briefs that are still to come, part what has come of the next one: one that was too late for its question is not
	// taken for the answer to another.
	owed int
	part []byte
}

func openChannel() *asker {
	var s unix.Stat_t
	if unix.Fstat(channelFD, &s) != nil || s.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil
	}
	unix.CloseOnExec(channelFD)
	_ = unix.SetNonblock(channelFD, true)
	c := os.NewFile(channelFD, "channel")
	return &asker{c: c, replies: bufio.NewReader(c), owed: 1}
}

// errNobody: the process that started getty does not answer.
var errNobody = errors.New("uinit does not answer")

// brief asks, with a limit: a prompt must come up even when uinit is stuck.
func (a *asker) brief(limit time.Duration) (brief, error) {
	if a == nil {
		return brief{}, nil
	}
	_ = a.c.SetDeadline(time.Now().Add(limit))
	if _, err := a.c.Write([]byte{askBrief}); err != nil {
		return brief{}, fmt.Errorf("%w: %w", errNobody, err)
	}
	a.owed++
	return a.last()
}

// first is the brief that the channel begins with.
func (a *asker) first(limit time.Duration) (brief, error) {
	if a == nil {
		return brief{}, nil
	}
	_ = a.c.SetDeadline(time.Now().Add(limit))
	return a.last()
}

// last waits for all that is owed.
func (a *asker) last() (b brief, err error) {
	for ; a.owed > 0; a.owed-- {
		line, err := a.replies.ReadBytes('\n')
		if a.part = append(a.part, line...); err != nil {
			return brief{}, fmt.Errorf("%w: %w", errNobody, err)
		}
		line, a.part = a.part, nil
		b = brief{}
		if err := json.Unmarshal(line, &b); err != nil {
			return brief{}, fmt.Errorf("%w: %w", errNobody, err)
		}
	}
	return b, nil
}

func (a *asker) inside() { a.say(sayInside) }

func (a *asker) say(what byte) {
	if a != nil {
		// The last question's limit is over by now.
		_ = a.c.SetDeadline(time.Now().Add(briefLimit))
		_, _ = a.c.Write([]byte{what})
	}
}
