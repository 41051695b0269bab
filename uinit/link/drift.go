package link

import (
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// A link that others change is set right again, so many times within such a time: what two programs fight over must not keep
// the box busy.
const (
	mostMends  = 5
	mendWithin = time.Minute
	// lookForDrift is how often settings are looked at, of whose changes the kernel does not tell.
	lookForDrift = time.Minute
)

// drift notices links that are not as they were made: a port that was taken out, another MTU, an address or route that is gone.
func (w *work) drift() {
	now := time.Now()
	for name, a := range w.active {
		if !a.applied || a.dirty || a.nic == 0 || w.byHand[name] {
			continue
		}
		if now.Sub(a.mended) > mendWithin {
			a.mends = 0
		}
		if a.mends < mostMends && w.drifted(name, a, now) {
			a.mended, a.dirty = now, true
			a.mends++
			a.repairs++
		}
	}
}

func (w *work) drifted(name string, a *active, now time.Time) bool {
	n, _ := w.state.nic(a.nic)
	for _, op := range Plan([]Wanted{w.want(name, a)}, w.state, now) {
		// A setting that cannot be read cannot be seen to differ.
		if set, ok := op.(Set); ok {
			if _, readable := n.Settings[set.Key]; !readable {
				continue
			}
		}
		return true
	}
	return false
}

// states says that some row states a setting.
func (w *work) states() bool {
	for name := range w.active {
		if r := w.rows[name]; len(settings(r.Link)) > 0 || r.device != nil {
			return true
		}
	}
	return false
}

// tuning is what of a bond or bridge can be changed while it is in use, by its path below /sys/class/net and the
// interface (Documentation/networking/bonding.rst, Documentation/ABI/testing/sysfs-class-net).
func (d Device) tuning() map[string]string {
	switch d.Kind {
	case "bond":
		out := map[string]string{"bonding/miimon": strconv.FormatInt(time.Duration(d.Bond.MIIMon).Milliseconds(), 10)}
		if d.hashes() {
			out["bonding/xmit_hash_policy"] = string(d.Bond.HashPolicy)
		}
		if d.Bond.Mode == "802.3ad" {
			out["bonding/min_links"] = strconv.Itoa(d.Bond.MinLinks)
		}
		return out
	case "bridge":
		return map[string]string{
			"bridge/stp_state": strconv.Itoa(number(d.Bridge.STP)), "bridge/vlan_filtering": strconv.Itoa(number(d.Bridge.VLANFiltering)),
			"bridge/forward_delay": strconv.FormatInt(int64(d.forwardDelay()/(10*time.Millisecond)), 10),
		}
	}
	return nil
}

// addressIs says where an interface has its hardware address from; addressSet: somebody set it, so it stays
// (NET_ADDR_SET in include/uapi/linux/netdevice.h).
const (
	addressIs  = "addr_assign_type"
	addressSet = "3"
)

var readable = []string{
	addressIs,
	"bonding/miimon", "bonding/xmit_hash_policy", "bonding/min_links", "bridge/stp_state", "bridge/vlan_filtering", "bridge/forward_delay",
}

const classNet = "/sys/class/net"

// readTuning leaves out what cannot be read. Some show a word and its number.
func readTuning(name string) map[string]string {
	out := map[string]string{}
	for _, key := range readable {
		if b, err := os.ReadFile(path.Join(classNet, name, key)); err == nil {
			value, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
			out[key] = value
		}
	}
	return out
}

// Tune changes a bond or bridge in use.
type Tune struct {
	NIC              int
	Name, Key, Value string
}

func (o Tune) nic() int       { return o.NIC }
func (o Tune) String() string { return "echo " + o.Value + " > " + path.Join(classNet, o.Name, o.Key) }
func (o Tune) do() error {
	return overwrite(path.Join(classNet, o.Name, o.Key), o.Value)
}
