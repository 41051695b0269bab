// Package said is what the clients of DHCP and DHCPv6 say besides leases: what they wait for, and what went wrong before.
package said

import (
	"sync/atomic"
	"time"

	"github.com/imgbuild/imgbuild/internal/shown"
)

// Said belongs to a client, whose goroutine alone changes it; Waiting may be asked by any. The zero value has nothing to say.
type Said struct {
	// Warn, where given, is told why there is no lease, or no more, when that is not for want of an answer: each reason once.
	Warn func(string)

	// why is what went wrong since there was a lease, warned what Warn was told last; told counts that.
	why, warned string
	told        int
	waiting     atomic.Pointer[[2]string]
}

// Waiting says which answer the client is waiting for, "no answer to DHCPDISCOVER on lan", and how it asked so far, " (4 sent)",
// with what went wrong before that. Both are empty while the lease is good.
func (s *Said) Waiting() (what, asked string) {
	if w := s.waiting.Load(); w != nil {
		return w[0], w[1]
	}
	return "", ""
}

// For says what the client waits for now.
func (s *Said) For(what, asked string) {
	if s.why != "" {
		what = s.why + "; since then " + what
	}
	s.waiting.Store(&[2]string{what, asked})
}

// Rest says that the client keeps still for a while because of what went wrong; asked is more of that.
func (s *Said) Rest(asked string) { s.waiting.Store(&[2]string{s.why, asked}) }

// most is how many reasons are told before a lease has lasted: whoever is on the network can invent them.
const most = 20

// Wrong says what went wrong.
func (s *Said) Wrong(text string) {
	s.why = text
	if s.Warn != nil && text != s.warned && s.told < most {
		s.Warn(text)
		s.told++
	}
	s.warned = text
}

// Bound says that there is a lease.
func (s *Said) Bound() {
	s.why = ""
	s.waiting.Store(nil)
}

// Lasting is how long a lease must have been good for what goes wrong then to be news, and another one to be asked for at once:
// who is on the network can lend one for a second, over and over.
const Lasting = time.Minute

// Lasted says that the lease was good for a while: what goes wrong from now on is news.
func (s *Said) Lasted() { s.warned, s.told = "", 0 }

// longest bounds what is shown of a server's words, in bytes.
const longest = 200

// Quote shows a server's words, which are for people, with a colon before them; "" where it has none.
func Quote(words string) string {
	if words == "" {
		return ""
	}
	return `: "` + shown.Line(words[:min(len(words), longest)]) + `"`
}
