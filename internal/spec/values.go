package spec

import (
	"encoding"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Each type here reads itself from text, so that a bad value is found where it
// is written; the error says what is accepted.
var (
	_ encoding.TextUnmarshaler = (*Duration)(nil)
	_ encoding.TextUnmarshaler = (*Size)(nil)
	_ encoding.TextUnmarshaler = (*MAC)(nil)
	_ encoding.TextUnmarshaler = (*Hostname)(nil)
	_ encoding.TextUnmarshaler = (*PasswordHash)(nil)
	_ encoding.TextUnmarshaler = (*Login)(nil)
	_ encoding.TextUnmarshaler = (*Restart)(nil)
	_ encoding.TextUnmarshaler = (*Signal)(nil)
	_ encoding.TextUnmarshaler = (*Namespace)(nil)
	_ encoding.TextUnmarshaler = (*Capability)(nil)
	_ encoding.TextUnmarshaler = (*CallGroup)(nil)
)

// Duration is a time span written as 500ms, 30s, 2m, 1h30m.
type Duration time.Duration

// UnmarshalText accepts what time.ParseDuration does, from 0 up.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return Unaccepted("a number with a unit, such as 500ms, 30s, 2m, 1h30m", "%q is not a duration", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the shortest form that UnmarshalText reads back.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Size is a number of bytes written with a binary unit: 512K, 64M, 4G, 1T.
type Size int64

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}}

// UnmarshalText accepts a whole number of bytes or of K, M, G, T (1024 each; "iB" may follow).
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "iB"), "B")
	unit := int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			text, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return Unaccepted("a whole number with K, M, G or T (1024 each), such as 512M", "%q is not a size", b)
	}
	*s = Size(n * unit)
	return nil
}

// MarshalText writes the largest unit that divides the size.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MAC is a hardware address of six octets in lower case: 52:54:00:12:34:56.
type MAC string

// UnmarshalText accepts colons or hyphens, in either case.
func (m *MAC) UnmarshalText(b []byte) error {
	hw, err := net.ParseMAC(string(b))
	if err != nil || len(hw) != 6 {
		return Unaccepted("six octets, such as 52:54:00:12:34:56", "%q is not a MAC address", b)
	}
	*m = MAC(hw.String())
	return nil
}

// One says whether an address can be that of one interface: it is no group's, and not all zeros.
func (m MAC) One() bool {
	return m != "" && !strings.Contains("13579bdf", string(m[1])) && m != "00:00:00:00:00:00"
}

// Hostname is a host name (RFC 1123, section 2.1).
type Hostname string

// UnmarshalText accepts labels of letters, digits and inner hyphens, 1 to 63 octets each, 64 in all
// (the kernel's limit, __NEW_UTS_LEN in linux/utsname.h).
func (h *Hostname) UnmarshalText(b []byte) error {
	for label := range strings.SplitSeq(string(b), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return Unaccepted("labels of letters, digits and inner hyphens, such as box1.example.net", "%q is not a host name", b)
		}
	}
	if len(b) > 64 {
		return Unaccepted("at most 64", "host name of %d octets", len(b))
	}
	*h = Hostname(b)
	return nil
}

// Short is the name without its domain.
func (h Hostname) Short() string {
	short, _, _ := strings.Cut(string(h), ".")
	return short
}

// ChoiceError says that a value is none of the words that are accepted.
type ChoiceError struct {
	Word     string
	What     string // what the word should have been: "a restart policy"
	Accepted []string
}

func (e *ChoiceError) Error() string {
	return fmt.Sprintf("%q is not %s; accepted: %s", e.Word, e.What, e.Accepts())
}

// Accepts says what is accepted.
func (e *ChoiceError) Accepts() string { return strings.Join(e.Accepted, ", ") }

// ValueError says what is wrong with a value, and what is accepted.
type ValueError struct{ Why, Accepted string }

func (e *ValueError) Error() string { return e.Why + "; accepted: " + e.Accepted }

// Accepts says what is accepted.
func (e *ValueError) Accepts() string { return e.Accepted }

// Unaccepted makes a *ValueError; the format says what is wrong.
func Unaccepted(accepted, format string, args ...any) error {
	return &ValueError{fmt.Sprintf(format, args...), accepted}
}

// Choice reads one of a fixed set of words; its error is a *ChoiceError.
func Choice[T ~string](to *T, b []byte, what string, accepted ...T) error {
	if slices.Contains(accepted, T(b)) {
		*to = T(b)
		return nil
	}
	words := make([]string, len(accepted))
	for i, w := range accepted {
		words[i] = string(w)
	}
	return &ChoiceError{Word: string(b), What: what, Accepted: words}
}

// Login is what a console offers.
type Login string

// What a console can offer.
const (
	LoginPassword  Login = "password"
	LoginAutologin Login = "autologin"
	LoginOff       Login = "off"
)

// UnmarshalText accepts the words above.
func (l *Login) UnmarshalText(b []byte) error {
	return Choice(l, b, "a way to log in", LoginPassword, LoginAutologin, LoginOff)
}

// Restart is when a service is started again.
type Restart string

// Restart policies.
const (
	RestartAlways    Restart = "always"
	RestartOnFailure Restart = "on-failure"
	RestartNever     Restart = "never"
)

// UnmarshalText accepts the words above.
func (r *Restart) UnmarshalText(b []byte) error {
	return Choice(r, b, "a restart policy", RestartAlways, RestartOnFailure, RestartNever)
}

// Namespace is a part of the machine that a service can have for itself.
type Namespace string

// Namespaces that services can have.
const (
	NamespaceMount Namespace = "mount"
	NamespacePID   Namespace = "pid"
	NamespaceNet   Namespace = "net"
	NamespaceUTS   Namespace = "uts"
	NamespaceIPC   Namespace = "ipc"
)

// UnmarshalText accepts the words above.
func (n *Namespace) UnmarshalText(b []byte) error {
	return Choice(n, b, "a namespace", NamespaceMount, NamespacePID, NamespaceNet, NamespaceUTS, NamespaceIPC)
}

// Signal is a signal's name without SIG.
type Signal string

// HaltSystemd asks systemd to halt where it is an init (systemd(1)).
const HaltSystemd Signal = "RTMIN+3"

// UnmarshalText accepts the signals that ask a program to end.
func (s *Signal) UnmarshalText(b []byte) error {
	return Choice(s, []byte(strings.TrimPrefix(string(b), "SIG")), "a stop signal",
		"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "PWR", HaltSystemd, "KILL")
}
