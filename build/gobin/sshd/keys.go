package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/imgbuild/imgbuild/internal/bounded"
)

// rules are what the options of a key allow (sshd(8), AUTHORIZED_KEYS FILE FORMAT). What sshd never
// does, such as forwarding, needs no rule.
type rules struct {
	// command, where set, runs in place of whatever the client asks for.
	command string
	noPTY   bool
	// from, where set, lists the addresses that the key is good for.
	from []string
}

var errOtherKey = errors.New("not among the account's keys")

// findKey looks a key up in the text of an authorized_keys file. A line whose options are not all understood
// does not count: they may forbid what we would allow.
func findKey(text []byte, key ssh.PublicKey, from netip.Addr) (rules, error) {
	want, found := key.Marshal(), error(errOtherKey)
	for len(text) > 0 {
		got, _, options, rest, err := ssh.ParseAuthorizedKey(text)
		if err != nil {
			break // nothing more that looks like a key
		}
		text = rest
		if !bytes.Equal(got.Marshal(), want) {
			continue
		}
		r, err := parseOptions(options)
		if err == nil && !r.allows(from) {
			err = fmt.Errorf("the key is not good for %s", from)
		}
		if err == nil {
			return r, nil
		}
		found = err
	}
	return rules{}, found
}

func parseOptions(options []string) (r rules, err error) {
	for _, o := range options {
		name, quoted, hasValue := strings.Cut(o, "=")
		value := ""
		if hasValue {
			if value, err = unquote(quoted); err != nil {
				return rules{}, fmt.Errorf("option %.40q of the key: %w", o, err)
			}
		}
		switch name = strings.ToLower(name); {
		case name == "command" && hasValue:
			r.command = value
		case name == "from" && hasValue:
			r.from = strings.Split(value, ",")
		case hasValue:
			return rules{}, fmt.Errorf("option %.40q of the key is not supported", name)
		case name == "restrict", name == "no-pty":
			r.noPTY = true
		case name == "pty":
			r.noPTY = false
		case name == "no-port-forwarding", name == "no-agent-forwarding", name == "no-x11-forwarding", name == "no-user-rc":
		default:
			return rules{}, fmt.Errorf("option %.40q of the key is not supported", name)
		}
	}
	return r, nil
}

// unquote takes the quotes off an option's value; \" stands for a quote in it.
func unquote(s string) (string, error) {
	inner, ok := strings.CutPrefix(s, `"`)
	if inner, ok2 := strings.CutSuffix(inner, `"`); ok && ok2 {
		return strings.ReplaceAll(inner, `\"`, `"`), nil
	}
	return "", errors.New("its value is not quoted")
}

// allows says whether one of the patterns of from takes the address and none that starts with "!" does.
// Patterns are addresses, networks and "*"; host names are not looked up and match nothing.
func (r rules) allows(a netip.Addr) bool {
	ok := r.from == nil
	for _, pattern := range r.from {
		pattern, not := strings.CutPrefix(strings.TrimSpace(pattern), "!")
		if !covers(pattern, a) {
			continue
		}
		if not {
			return false
		}
		ok = true
	}
	return ok
}

func covers(pattern string, a netip.Addr) bool {
	if network, err := netip.ParsePrefix(pattern); err == nil {
		return network.Contains(a)
	}
	if one, err := netip.ParseAddr(pattern); err == nil {
		return one.Unmap() == a
	}
	return pattern == "*"
}

// maxKeys bounds authorized_keys in bytes.
const maxKeys = 1 << 20

// readKeys reads an account's authorized_keys, unless others could have written it: then they could log in. The account's
// own links do not count either: root would open for it what it may not open itself.
func readKeys(a account) ([]byte, error) {
	file := filepath.Join(a.home, ".ssh", "authorized_keys")
	for _, path := range []string{a.home, filepath.Dir(file)} {
		folder, err := bounded.Folder(path)
		if err != nil {
			return nil, err
		}
		err = a.owns(folder)
		folder.Close()
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
	}
	f, err := bounded.Open(file, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := a.owns(f); err != nil {
		return nil, err
	}
	return bounded.ReadAll(f, maxKeys)
}

// owns is what sshd_config(5) calls StrictModes.
func (a account) owns(f *os.File) error {
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return fmt.Errorf("looking at %s: %w", f.Name(), err)
	}
	if s.Uid != 0 && s.Uid != a.uid {
		return fmt.Errorf("%s belongs to user %d", f.Name(), s.Uid)
	}
	if s.Mode&0o022 != 0 {
		return fmt.Errorf("%s may be written by others (mode %04o)", f.Name(), s.Mode&0o7777)
	}
	return nil
}
