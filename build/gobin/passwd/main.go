// Command passwd changes passwords in /etc/shadow, which root alone may write: no program of an image has the set-user-ID bit. The
// file lies in memory, so a password lasts until the next boot; what is to last longer is in the profile.
//
//	passwd [ACCOUNT]     asks for the new password twice; from a pipe it takes two lines
//	passwd -l ACCOUNT    locks it: no password opens the account
//	passwd -u ACCOUNT    unlocks it
//	passwd -S [ACCOUNT]  says whether a password opens it
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/term"

	"github.com/imgbuild/imgbuild/internal/bounded"
	"github.com/imgbuild/imgbuild/internal/passwd"
)

func main() {
	if err := run(os.Args[1:], "/etc", os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "passwd:", err)
		os.Exit(1)
	}
}

func run(args []string, etc string, in *os.File, out io.Writer) error {
	option, name := "", ""
	for _, arg := range args {
		switch {
		case slices.Contains([]string{"-l", "-u", "-S"}, arg) && option == "":
			option = arg
		case name == "" && !strings.HasPrefix(arg, "-"):
			name = arg
		default:
			return fmt.Errorf("%s is not known; accepted: passwd [-l | -u | -S] [ACCOUNT]", arg)
		}
	}
	if name == "" {
		self, err := user.Current()
		if err != nil {
			return err
		}
		name = self.Username
	}
	text, err := bounded.Read(etc+"/shadow", 8<<20)
	if errors.Is(err, os.ErrPermission) {
		return errors.New("only root changes passwords here, for no program has the set-user-ID bit; log in as root")
	}
	if err != nil {
		return err
	}
	hashes, err := passwd.Hashes(etc)
	if err != nil {
		return err
	}
	hash, known := hashes[name]
	if !known {
		return fmt.Errorf("%s: %w", name, passwd.ErrNone)
	}
	said := ""
	switch option {
	case "-S":
		_, err := fmt.Fprintf(out, "%s %s\n", name, map[bool]string{true: "L (no password opens it)", false: "P (a password opens it)"}[locked(hash)])
		return err
	case "-l":
		hash, said = "!"+strings.TrimLeft(hash, "!"), "is locked"
	case "-u":
		if hash = strings.TrimLeft(hash, "!"); locked(hash) {
			return fmt.Errorf("%s has no password that could open it; \"passwd %s\" gives it one", name, name)
		}
		said = "is unlocked"
	default:
		if hash, err = ask(name, in, out); err != nil {
			return err
		}
		said = "has a new password"
	}
	changed, err := passwd.SetHash(string(text), name, hash)
	if err != nil {
		return err
	}
	if err := bounded.Write(etc+"/shadow", []byte(changed), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s %s until the next boot; what lasts is user.%s.password_hash of the profile.\n", name, said, name)
	return err
}

// locked says whether a hash is one that no password has (shadow(5)).
func locked(hash string) bool { return !strings.HasPrefix(hash, "$") }

// ask takes a password twice and returns its hash.
func ask(name string, in *os.File, out io.Writer) (string, error) {
	var entered [2][]byte
	lines := bufio.NewReader(in)
	for i, prompt := range []string{"New password for " + name + ": ", "Once more: "} {
		var err error
		if term.IsTerminal(int(in.Fd())) {
			fmt.Fprint(out, prompt)
			entered[i], err = term.ReadPassword(int(in.Fd()))
			fmt.Fprintln(out)
		} else if entered[i], err = lines.ReadBytes('\n'); errors.Is(err, io.EOF) && len(entered[i]) > 0 {
			err = nil
		}
		if err != nil {
			return "", fmt.Errorf("reading the password: %w; nothing was changed", err)
		}
		entered[i] = bytes.TrimRight(entered[i], "\r\n")
	}
	switch {
	case !bytes.Equal(entered[0], entered[1]):
		return "", errors.New("the two are not alike; nothing was changed")
	case len(entered[0]) == 0:
		return "", errors.New("an empty password would let anybody in; nothing was changed")
	}
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithRounds(rounds))
	if err != nil {
		return "", err
	}
	digest, err := hasher.Hash(string(entered[0]))
	if err != nil {
		return "", err
	}
	return digest.Encode(), nil
}

// rounds is what crypt(5) has by default for SHA-512.
const rounds = 5000
