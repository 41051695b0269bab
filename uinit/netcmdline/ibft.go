package netcmdline

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/imgbuild/imgbuild/uinit/cmdline"
)

// AsksFirmware says whether the line leaves the network to what the firmware did for a boot by iSCSI: ip=ibft.
func AsksFirmware(line cmdline.Line) bool { return slices.ContainsFunc(line, asksFirmware) }

func asksFirmware(p cmdline.Param) bool { return p.Name == "ip" && p.Value == "ibft" }

// Firmware puts other words in the place of ip=ibft, which say the same, as dracut does: ifname=, ip= and
// vlan= of each interface in the firmware's table (iBFT; Documentation/ABI/testing/sysfs-ibft) that it booted from. sys is
// /sys. A line without such an interface stays as it is, and Override tells that.
func Firmware(line cmdline.Line, sys fs.FS) cmdline.Line {
	nics, _ := fs.Glob(sys, "firmware/ibft/ethernet*")
	slices.Sort(nics)
	var words []string
	for _, dir := range nics {
		words = append(words, bootNIC(sys, dir, fmt.Sprintf("ibft%d", len(words)))...)
	}
	if words == nil {
		return line
	}
	line = slices.DeleteFunc(slices.Clone(line), asksFirmware)
	return append(line, cmdline.Parse(strings.Join(words, " "))...)
}

// bootNIC is what the table says of one interface; nothing where it was not booted from.
func bootNIC(sys fs.FS, dir, name string) []string {
	// Zero addresses stand for what is not given.
	get := func(key string) string {
		b, _ := fs.ReadFile(sys, path.Join(dir, key))
		text := strings.TrimSpace(string(b))
		if strings.ContainsAny(text, " \"") || text == "0.0.0.0" || text == "::" {
			return ""
		}
		if strings.Contains(text, ":") && key != "mac" {
			text = "[" + text + "]"
		}
		return text
	}
	const valid, boot = 1, 2 // flags of the table's block
	mac := get("mac")
	flags, err := strconv.ParseUint(get("flags"), 0, 8)
	if mac == "" || err != nil || flags&valid == 0 || flags&boot == 0 {
		return nil
	}
	words, link := []string{"ifname=" + name + ":" + mac}, name
	if id, err := strconv.Atoi(get("vlan")); err == nil && id > 0 {
		link = "vlan" + strconv.Itoa(id)
		words = append(words, "vlan="+link+":"+name)
	}
	address, dhcp := get("ip-addr"), get("dhcp")
	const fromDHCP = "3" // PrefixOriginDhcp
	switch {
	case strings.HasPrefix(dhcp, "["):
		return append(words, "ip="+link+":dhcp6")
	case dhcp != "" || get("origin") == fromDHCP:
		return append(words, "ip="+link+":dhcp")
	case address == "":
		return nil
	}
	mask := get("prefix-len")
	if mask == "" {
		mask = get("subnet-mask")
	}
	return append(words, strings.TrimRight(fmt.Sprintf("ip=%s::%s:%s::%s:none:%s:%s", address, get("gateway"), mask, link, get("primary-dns"), get("secondary-dns")), ":"))
}
