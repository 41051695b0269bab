// Package sshkey judges lines of authorized_keys as the image's SSH server will (build/gobin/sshd): a line that the
// server passes over lets nobody in, and is better refused where it is written. It needs the standard library only, so
// that the init can judge what site.toml brings; a test beside the server holds the two to the same answers.
package sshkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// accepted ends every error.
const accepted = "one line as in ~/.ssh/id_ed25519.pub: ssh-ed25519, ecdsa-sha2-nistp256, -nistp384 or -nistp521, ssh-rsa of 2048 bits and more, or a security key's sk-*@openssh.com"

// Check says why a line lets nobody in, and what is accepted; nil for one that does. It never shows the line,
// which may be a private key.
func Check(line string) error {
	if err := check(line); err != nil {
		return fmt.Errorf("%w; accepted: %s", err, accepted)
	}
	return nil
}

func check(line string) error {
	switch {
	case strings.Contains(line, "PRIVATE KEY"), strings.HasPrefix(line, "PuTTY-User-Key-File"), strings.HasPrefix(line, "AGE-SECRET-KEY"):
		return errors.New("is a private key, which belongs to its owner alone")
	case strings.ContainsAny(line, "\n\r\x00"):
		return errors.New("is more than one line")
	}
	line = strings.Trim(line, " \t")
	if line == "" || line[0] == '#' {
		return errors.New("is no key")
	}
	word, rest := cutWord(line)
	// Every key begins with a length below 2^24, in base64 four As.
	if _, known := parser(word); !known && !(algorithm(word) && strings.HasPrefix(rest, "AAAA")) {
		options, after, err := cutOptions(line)
		if err != nil {
			return err
		}
		word, rest = cutWord(after)
		if _, known := parser(word); known {
			if err := checkOptions(options); err != nil {
				return err
			}
		}
	}
	return checkKey(word, rest)
}

// algorithm says whether a word looks like the name of one (RFC 4251, section 6). What else stands in its place is not
// shown: it may be a part of a private key.
func algorithm(word string) bool {
	return len(word) < 64 && strings.Contains(word, "-") && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-@.") == ""
}

// checkKey judges what follows the options.
func checkKey(format, rest string) error {
	parse, known := parser(format)
	switch {
	case strings.Contains(format, "-cert-v"):
		return errors.New("is a certificate, which the server does not judge")
	case format == "ssh-dss":
		return errors.New("is a DSA key, which no server takes any more")
	case !known && algorithm(format):
		return fmt.Errorf("is of the algorithm %s, which the server does not know", format)
	case !known:
		return errors.New("is no public key")
	}
	text, _ := cutWord(rest)
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(blob) == 0 {
		return errors.New("is not whole: the key itself is no base64")
	}
	b := wire(blob)
	if got := b.text(); got != format {
		return fmt.Errorf("is not whole: the line says %s, and the key in it does not", format)
	}
	if why := parse(&b); why != "" {
		return errors.New("is not whole: " + why)
	}
	if len(b) > 0 {
		return errors.New("is not whole: something follows the key in it")
	}
	return nil
}

func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// cutOptions takes the options off a line: they end at a blank outside of quotes (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
func cutOptions(line string) (options []string, rest string, err error) {
	start, quoted := 0, false
	for i := 0; i < len(line); i++ {
		end := !quoted && (line[i] == ' ' || line[i] == '\t')
		if !quoted && line[i] == ',' || end {
			if i > start {
				options = append(options, line[start:i])
			}
			start = i + 1
		}
		if end {
			return options, strings.TrimLeft(line[i:], " \t"), nil
		}
		if line[i] == '"' && (i == 0 || line[i-1] != '\\') {
			quoted = !quoted
		}
	}
	if quoted {
		return nil, "", errors.New("has an option whose quote does not end")
	}
	return nil, "", errors.New("is no public key")
}

// flags are the options without a value that the server understands.
const flags = " restrict no-pty pty no-port-forwarding no-agent-forwarding no-x11-forwarding no-user-rc "

// checkOptions refuses what the server does not understand: such a line does not count, for it may forbid something.
func checkOptions(options []string) error {
	for _, o := range options {
		name, value, valued := strings.Cut(o, "=")
		switch name = strings.ToLower(name); {
		case valued && (len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"'):
			return fmt.Errorf("has an option %.40q whose value is not quoted", name)
		case valued && name == "command":
		case valued && name == "from":
			if !somewhere(value[1 : len(value)-1]) {
				return errors.New(`is good for no address, for host names in from="..." are not looked up (addresses, networks and * are)`)
			}
		case valued || !strings.Contains(flags, " "+name+" "):
			return fmt.Errorf("has an option %.40q, which the server does not know (command, from%s are known)", name, strings.ReplaceAll(strings.TrimRight(flags, " "), " ", ", "))
		}
	}
	return nil
}

// somewhere says whether one of the patterns of from= can match.
func somewhere(patterns string) bool {
	for p := range strings.SplitSeq(strings.ReplaceAll(patterns, `\"`, `"`), ",") {
		p = strings.TrimSpace(p)
		_, noNetwork := netip.ParsePrefix(p)
		_, noAddress := netip.ParseAddr(p)
		if p == "*" || noNetwork == nil || noAddress == nil {
			return true
		}
	}
	return false
}
