package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/imgbuild/imgbuild/internal/oom"
	"github.com/imgbuild/imgbuild/internal/passwd"
)

// entry is who logged in, how, and what that allows.
type entry struct {
	account account
	// by is for the log: "key SHA256:…" or "password".
	by    string
	allow rules
}

// minRSA is the shortest RSA key in bits that still counts as one (NIST SP 800-131A).
const minRSA = 2048

// checkKey says whether the key opens the account for a client at an address, if it has the key.
func (s *server) checkKey(name string, at netip.Addr, key ssh.PublicKey) (entry, error) {
	refused := func(why error) (entry, error) {
		return entry{}, fmt.Errorf("key %s for %.40q: %w", fingerprint(key), name, why)
	}
	if k, ok := key.(ssh.CryptoPublicKey); ok {
		if r, ok := k.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSA {
			return refused(fmt.Errorf("an RSA key of %d bits; accepted: %d and up", r.N.BitLen(), minRSA))
		}
	}
	a, err := s.admitted(name)
	if err != nil {
		return refused(err)
	}
	text, err := readKeys(a)
	if err != nil {
		return refused(err)
	}
	allow, err := findKey(text, key, at.Unmap().WithZone(""))
	if err != nil {
		return refused(err)
	}
	return entry{account: a, by: "key " + fingerprint(key), allow: allow}, nil
}

// account is whom somebody is let in as.
type account struct {
	name        string
	uid, gid    uint32
	home, shell string
	groups      []uint32
	// jail is the directory below which it gets SFTP and nothing else; "" for an account without such bounds.
	jail string
}

// findAccount looks a name up below dir (/etc).
func findAccount(dir, name string) (account, error) {
	a, err := passwd.Find(dir, name)
	if err != nil {
		return account{}, err
	}
	groups, _ := passwd.Groups(dir, a) // without a file of groups there are none but the account's own
	return account{name: name, uid: a.UID, gid: a.GID, home: cmp.Or(a.Home, "/"), shell: cmp.Or(a.Shell, "/bin/sh"), groups: groups}, nil
}

// admitted finds an account that may log in here at all.
func (s *server) admitted(name string) (account, error) {
	a, err := findAccount(s.etc, name)
	if err == nil && s.withoutRoot && a.uid == 0 {
		return account{}, errors.New("root does not log in by SSH here")
	}
	if a.jail = s.jails[name]; err == nil && a.jail != "" {
		err = a.confined()
	}
	return a, err
}

// maxPassword is the longest password in bytes that is looked at.
const maxPassword = 512

// checkTime bounds a check; a hash made on a fast machine takes its time on a slow one.
const checkTime = 15 * time.Second

// penalty is how long a wrong password takes, whatever is wrong with it.
const penalty = 2 * time.Second

// checkPassword asks uinit, whose login knows the hashes.
func (s *server) checkPassword(name string, password []byte) (entry, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	err := errors.New("login incorrect")
	// A name that looks like an option would be taken for one.
	if name != "" && !strings.HasPrefix(name, "-") && len(password) <= maxPassword {
		check := exec.CommandContext(ctx, s.checker, "checkpassword", name)
		check.Stdin = bytes.NewReader(password)
		if err = oom.Start(check, oom.Session); err == nil {
			err = check.Wait()
		}
	}
	if err == nil {
		a, err := s.admitted(name)
		if err == nil {
			return entry{account: a, by: "password"}, nil
		}
	}
	time.Sleep(time.Until(start.Add(penalty)))
	return entry{}, fmt.Errorf("password for %.40q refused", name)
}
