package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Lacking is a driver, and the firmware files that it may ask for and the image has not.
type Lacking struct {
	Module string
	// Files below /lib/firmware.
	Files []string
	// Packages of Debian's non-free-firmware that have some of them, as far as that is known.
	Packages []string
}

// LackingFirmware compares what the image's modules say they may ask for (MODULE_FIRMWARE) with what is in it, packed or
// not (CONFIG_FW_LOADER_COMPRESS). Many modules name the files of several generations of devices, of which a machine has one.
func (p *Plan) LackingFirmware() (all []Lacking) {
	if p.WithoutFirmware {
		return nil
	}
	const folder = "usr/lib/firmware/"
	var there []string
	for _, f := range p.Files {
		if below, ok := strings.CutPrefix(f.Path, folder); ok && !f.Mode.IsDir() {
			there = append(there, strings.TrimSuffix(strings.TrimSuffix(below, ".xz"), ".zst"))
		}
	}
	for _, m := range p.Modules {
		l := Lacking{Module: m.Name}
		for _, name := range m.Firmware {
			has := slices.ContainsFunc(there, func(file string) bool {
				ok, _ := path.Match(name, file) // a few name patterns
				return ok || file == name
			})
			if has || slices.Contains(l.Files, name) {
				continue
			}
			l.Files = append(l.Files, name)
			if pkg := p.Firmware[name]; pkg != "" && !slices.Contains(l.Packages, pkg) {
				l.Packages = append(l.Packages, pkg)
			}
		}
		if len(l.Files) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// missing is where these files are to be had.
func missing(all []Lacking) string {
	var packages []string
	for _, l := range all {
		packages = append(packages, l.Packages...)
	}
	names := strings.Join(slices.Compact(slices.Sorted(slices.Values(packages))), ", ")
	return fmt.Sprintf("packages of Debian's non-free-firmware (%s), or an overlay with usr/lib/firmware", cmp.Or(names, "firmware-*"))
}

// lackingTable lists them for a person, a driver a line.
func (p *Plan) lackingTable() string {
	all := p.LackingFirmware()
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nfirmware files that drivers may ask for and the image lacks (%d)  # %s\n", filesOf(all), missing(all))
	for _, l := range all {
		fmt.Fprintf(&b, "  %-24s %s", l.Module, strings.Join(l.Files, " "))
		if len(l.Packages) > 0 {
			fmt.Fprintf(&b, "  # %s", strings.Join(l.Packages, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// FirmwareNote says in one line what the image lacks; "" for nothing.
func (p *Plan) FirmwareNote() string {
	all := p.LackingFirmware()
	if len(all) == 0 {
		return ""
	}
	// The longest lists first, and no more of them than a person reads.
	slices.SortStableFunc(all, func(a, b Lacking) int { return len(b.Files) - len(a.Files) })
	var words []string
	const most = 8
	for _, l := range all[:min(len(all), most)] {
		words = append(words, fmt.Sprintf("%s (%d)", l.Module, len(l.Files)))
	}
	if len(all) > most {
		words = append(words, fmt.Sprintf("and %d drivers more", len(all)-most))
	}
	return fmt.Sprintf("%d firmware files that drivers may ask for are not in the image: %s; a device that wants one stays dead; \"imgbuild plan\" names them; accepted: %s, or kernel.without_firmware = true where none is wanted",
		filesOf(all), strings.Join(words, ", "), missing(all))
}

func filesOf(all []Lacking) (n int) {
	for _, l := range all {
		n += len(l.Files)
	}
	return n
}
