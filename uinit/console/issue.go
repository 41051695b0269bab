package console

import (
	"fmt"
	"net/netip"
	"strings"
)

// view is what an issue text can tell. All of it is read anew for each drawing.
type view struct {
	hostname, kernel, terminal string
	// version is the image's.
	version string
	// speed is the line's, in bits per second; 0 where there is no line.
	speed int
	// serial is the machine's serial number.
	serial string
	links  []linkView
	// hostKey is the fingerprint of the SSH server's key, empty without a server.
	hostKey string
	// status are lines that a person should see: units that failed or are late.
	status []string
}

type linkView struct {
	name      string
	addresses []netip.Addr
}

// issue draws the text above a login prompt: the profile's own, which may be none, or the standard one.
func (v view) issue(custom *string) string {
	if custom != nil && *custom == "" {
		return ""
	}
	if custom != nil {
		return strings.TrimRight(v.expand(*custom), "\n") + "\n"
	}
	var b strings.Builder
	line := v.terminal
	if v.speed != 0 {
		line += fmt.Sprintf(" at %d", v.speed)
	}
	fmt.Fprintf(&b, "%s, Linux %s, %s\n", v.hostname, v.kernel, line)
	for _, l := range v.links {
		text := "no address"
		if len(l.addresses) > 0 {
			words := make([]string, len(l.addresses))
			for i, a := range l.addresses {
				words[i] = a.String()
			}
			text = strings.Join(words, "  ")
		}
		fmt.Fprintf(&b, "  %-8s %s\n", l.name, text)
	}
	if v.version != "" {
		fmt.Fprintf(&b, "  %-8s %s\n", "version", v.version)
	}
	if v.serial != "" {
		fmt.Fprintf(&b, "  %-8s %s\n", "serial", v.serial)
	}
	if v.hostKey != "" {
		fmt.Fprintf(&b, "  %-8s %s\n", "ssh", v.hostKey)
	}
	for _, s := range v.status {
		fmt.Fprintf(&b, "! %s\n", s)
	}
	return printable(b.String())
}

// expand replaces the escapes of agetty(8) that spec.Console names; an unknown one stays as it is.
func (v view) expand(text string) string {
	value := map[byte]func() string{
		'n':  func() string { return v.hostname },
		'l':  func() string { return v.terminal },
		'r':  func() string { return v.kernel },
		's':  func() string { return v.serial },
		'k':  func() string { return v.hostKey },
		'4':  func() string { return v.first(netip.Addr.Is4) },
		'6':  func() string { return v.first(func(a netip.Addr) bool { return a.Is6() && !a.IsLinkLocalUnicast() }) },
		'\\': func() string { return `\` },
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if f := value[text[i+1]]; f != nil {
				b.WriteString(printable(f()))
				i++
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func (v view) first(want func(netip.Addr) bool) string {
	for _, l := range v.links {
		for _, a := range l.addresses {
			if want(a) {
				return a.String()
			}
		}
	}
	return ""
}

// printable drops what could steer a terminal: these texts come from firmware, drivers and services. Microseconds, as Go
// writes them in what units say, become ASCII.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u00b5' {
			return 'u'
		}
		if r == '\n' || r >= ' ' && r != 0x7f && (r < 0x80 || r >= 0xa0) {
			return r
		}
		return -1
	}, s)
}
