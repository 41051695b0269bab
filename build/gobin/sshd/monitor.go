package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/imgbuild/imgbuild/internal/oom"
)

// monitor decides for one connection what its speaker may not. It takes nothing from the speaker but questions, one after the
// other: whoever has made the speaker his own can ask what a client can, and no more.
type monitor struct {
	server *server
	raw    net.Conn
	from   netip.AddrPort
	place  *place
	line   *link
	limit  time.Time

	// id is the session's identifier: the exchange hash that was signed first (RFC 4253, section 7.2).
	id []byte
	// asked is the last key that would open an account, and found what it would then allow.
	asked keyQuestion
	found *entry
	// entry is who has logged in.
	entry *entry
	// refusals and last are of keys and passwords; passwords are counted apart as well. left is the speaker's last word.
	refusals, passwords int
	last                error
	left                farewell

	sessions sync.WaitGroup
	slots    chan struct{}
}

// maxSessions is how many sessions a connection may have (sshd_config(5), MaxSessions).
const maxSessions = 10

var (
	errLeft = errors.New("it left")
	errLies = errors.New("its process asks what it may not")
)

// logIn gives the client its time and not more.
func (m *monitor) logIn(ctx context.Context) error {
	m.limit = time.Now().Add(m.server.grace)
	if err := m.hear(); err != nil {
		return err
	}
	c, err := m.attend(ctx)
	if err != nil {
		return err
	}
	for m.entry == nil {
		err := m.answer()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err != nil {
			c.end()
			return m.reason(err, c.said)
		}
	}
	adjustment := oom.OfSession(int(m.entry.account.uid))
	if m.entry.account.uid == 0 {
		adjustment = oom.Door
	}
	_ = oom.SetOf(c.process.Pid, adjustment)
	_ = c.promote() // a thread that was being made meanwhile was left out the first time
	return m.line.conn.SetDeadline(time.Time{})
}

// serve answers until the speaker is gone, and then ends what runs in its sessions.
func (m *monitor) serve() {
	for m.answer() == nil {
	}
	m.line.conn.Close()
	m.sessions.Wait()
}

// reason is why the client did not log in. What the monitor knows itself goes before what the speaker says.
func (m *monitor) reason(err error, said string) error {
	switch {
	case m.refusals > 0:
		return fmt.Errorf("%d refused; the last: %w", m.refusals, m.last)
	case m.left.Why != "":
		return errors.New(plain(m.left.Why))
	case said != "":
		return fmt.Errorf("its process ended: %s", plain(said))
	}
	return err
}

// plain keeps in one line what somebody else has written.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text[:min(len(text), maxSaid)])
}

// verdict tells those who tried, or kept a place until their time was over, from those who only looked.
func (m *monitor) verdict(err error) verdict {
	switch {
	case err == nil:
		return loggedIn
	case errors.Is(err, os.ErrDeadlineExceeded), m.refusals > 0, m.left.Tried:
		return refused
	}
	return looked
}
