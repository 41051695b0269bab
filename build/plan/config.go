package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/layout"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/features"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// config writes what the machine reads at boot: its description for uinit and
// the files below /etc that Debian's maintainer scripts would have made.
func config(p *profile.Profile, epoch time.Time) ([]tree.File, error) {
	versioned, err := versionedFiles(p, epoch, string(p.Version))
	if err != nil {
		return nil, err
	}
	host := string(p.Hostname)
	why := "base configuration"
	return append(slices.Concat(accountFiles(p.User), shareFiles(p), versioned),
		text("etc/hostname", 0o644, host+"\n", why),
		text("etc/hosts", 0o644, spec.Hosts(p.Hostname), why),
		text("etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n", why),
		text("etc/shells", 0o644, "/bin/sh\n", why),
		text("etc/profile", 0o644, loginProfile, why),
		// NFS, SSH and time are looked up by name (getservbyname(3)).
		text("etc/services", 0o644, services, why),
		text("etc/protocols", 0o644, "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\n", why),
		text("etc/netconfig", 0o644, netconfig, why),
		symlink("etc/resolv.conf", "/run/resolv.conf", "name servers, as the links bring them"),
	), nil
}

// versionedFiles are those that say which version of the appliance the image is.
func versionedFiles(p *profile.Profile, epoch time.Time, version string) ([]tree.File, error) {
	m := p.Machine
	m.Boot.PasswordHash = "" // GRUB's alone, and not for who is inside
	machine, err := json.MarshalIndent(spec.Description{
		Machine: m, Built: epoch, Media: media(p), Features: features.Used(p.Description()), Grow: growth(p), Slots: slots(p),
		Profile: string(p.Name), Version: version, Proof: string(proof(p)),
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("describing the machine: %w", err)
	}
	return []tree.File{
		// Password hashes lie in the description too.
		text(strings.TrimPrefix(spec.Path, "/"), 0o600, string(machine)+"\n", "the machine as uinit reads it"),
		text("etc/os-release", 0o644, osRelease(p, version), "base configuration"),
	}, nil
}

// proof are the checks by which a new version proves itself; nil on a machine that takes none.
func proof(p *profile.Profile) json.RawMessage {
	if p.Update == nil {
		return nil
	}
	text, err := json.Marshal(p.Proof())
	if err != nil {
		panic("BUG: writing checks of a profile: " + err.Error())
	}
	return text
}

// media names the partitions in which site.toml lies by their identifiers: those of the disk and of
// the ISO. The image does not know which of the two it is part of.
func media(p *profile.Profile) []string {
	if p.Site == nil {
		return nil
	}
	var sources []string
	for _, what := range []string{layout.ESPName, layout.ISOESP} {
		sources = append(sources, "PARTUUID="+layout.Derive(string(p.Name), what).String())
	}
	return sources
}

// growth names the state partition by the identifiers that the disk image gives it.
func growth(p *profile.Profile) *spec.Growth {
	at := p.Growing()
	if at == "" {
		return nil
	}
	name := string(p.Name)
	return &spec.Growth{Disk: layout.Derive(name, layout.DiskID).String(), Partition: layout.Derive(name, layout.StateName).String(), Mount: at}
}

// slots names the partitions of a disk with two slots by the identifiers that the disk image gives them.
func slots(p *profile.Profile) *spec.Slots {
	if p.Slots() != 2 {
		return nil
	}
	id := func(what string) string { return layout.Derive(string(p.Name), what).String() }
	return &spec.Slots{Record: id(layout.RecordName), A: id(layout.SlotAName), B: id(layout.SlotBName)}
}

// loginProfile is what login shells read first; whoever starts one has set PATH. The prompt names the box: with a serial cable in
// hand one forgets which it is. bash and busybox's ash, whose own prompt has \w, know these letters, and so do the shells that a
// person starts within them; to another shell they would be plain text. "help" is the box's, before that of the shell.
const loginProfile = `case ${BASH_VERSION:+'\w'}${PS1-} in
*'\w'*) export PS1='\u@\h:\w\$ ' ;;
esac
help() { if [ $# -gt 0 ]; then command help "$@"; else /bin/help; fi; }
`

const services = `ssh 22/tcp
domain 53/tcp
domain 53/udp
http 80/tcp
sunrpc 111/tcp portmapper
sunrpc 111/udp portmapper
ntp 123/udp
https 443/tcp
microsoft-ds 445/tcp
syslog 514/udp
iscsi-target 3260/tcp
nfs 2049/tcp
`

// netconfig is what libtirpc needs to know of transports (netconfig(5)).
const netconfig = `udp tpi_clts v inet udp - -
tcp tpi_cots_ord v inet tcp - -
udp6 tpi_clts v inet6 udp - -
tcp6 tpi_cots_ord v inet6 tcp - -
local tpi_cots_ord - loopback - - -
`

// osRelease identifies the image (os-release(5)).
func osRelease(p *profile.Profile, version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ID=imgbuild\nNAME=imgbuild\nPRETTY_NAME=%s\nIMAGE_ID=%s\nIMAGE_VERSION=%s\n", quote("imgbuild "+string(p.Name)+" "+version), p.Name, quote(version))
	if p.Summary != "" {
		fmt.Fprintf(&b, "VARIANT=%s\n", quote(p.Summary))
	}
	return b.String()
}

// quote writes a value as a shell reads it, which os-release asks for.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`", "\n", " ").Replace(s) + `"`
}
