package link

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// Op is one change to the kernel's state. It prints as the ip(8) command of the same effect.
type Op interface {
	fmt.Stringer
	// nic is the index of the interface that it changes.
	nic() int
}

// The changes there are. Name is the interface's at the time of the change.
type (
	// Rename gives an interface that is down another name.
	Rename struct {
		NIC      int
		From, To string
	}
	// SetUp sets the administrative state.
	SetUp struct {
		NIC  int
		Name string
		Up   bool
	}
	// SetMAC sets the hardware address. Many drivers refuse that while the interface is up.
	SetMAC struct {
		NIC  int
		Name string
		MAC  spec.MAC
	}
	// SetMTU sets the largest packet in bytes.
	SetMTU struct {
		NIC  int
		Name string
		MTU  int
	}
	// AddAddress adds an address, or sets a new limit to one that is there. Left is that
	// limit; 0 is none. Preferred is for how much of it new connections may use the address. NoDAD: it is not asked first who has it
	// (RFC 4862 section 5.4).
	AddAddress struct {
		NIC       int
		Name      string
		Prefix    netip.Prefix
		Until     time.Time
		Left      time.Duration
		Preferred time.Duration
		NoDAD     bool
	}
	// RemoveAddress removes an address.
	RemoveAddress struct {
		NIC    int
		Name   string
		Prefix netip.Prefix
	}
	// AddRoute adds a route.
	AddRoute struct {
		Name  string
		Route Route
		// OnLink: the router is reached directly although no address of the interface says so.
		OnLink bool
	}
	// RemoveRoute removes a route.
	RemoveRoute struct {
		Name  string
		Route Route
	}
)

func (o Rename) nic() int        { return o.NIC }
func (o SetUp) nic() int         { return o.NIC }
func (o SetMAC) nic() int        { return o.NIC }
func (o SetMTU) nic() int        { return o.NIC }
func (o AddAddress) nic() int    { return o.NIC }
func (o RemoveAddress) nic() int { return o.NIC }
func (o AddRoute) nic() int      { return o.Route.NIC }
func (o RemoveRoute) nic() int   { return o.Route.NIC }

func (o Rename) String() string { return fmt.Sprintf("ip link set %s name %s", o.From, o.To) }

func (o SetUp) String() string {
	if o.Up {
		return fmt.Sprintf("ip link set %s up", o.Name)
	}
	return fmt.Sprintf("ip link set %s down", o.Name)
}

func (o SetMAC) String() string { return fmt.Sprintf("ip link set %s address %s", o.Name, o.MAC) }

func (o SetMTU) String() string { return fmt.Sprintf("ip link set %s mtu %d", o.Name, o.MTU) }

func (o AddAddress) String() string {
	s := fmt.Sprintf("ip addr replace %v dev %s", o.Prefix, o.Name)
	if o.Left > 0 {
		s += fmt.Sprintf(" valid_lft %d", o.Left/time.Second)
	}
	if o.Preferred != o.Left {
		s += fmt.Sprintf(" preferred_lft %d", o.Preferred/time.Second)
	}
	if o.NoDAD {
		s += " nodad"
	}
	return s
}

func (o RemoveAddress) String() string { return fmt.Sprintf("ip addr del %v dev %s", o.Prefix, o.Name) }

func (o AddRoute) String() string {
	s := "ip route replace " + o.Route.words(o.Name)
	if o.OnLink {
		s += " onlink"
	}
	return s
}

func (o RemoveRoute) String() string { return "ip route del " + o.Route.words(o.Name) }

func (r Route) words(name string) string {
	dst := r.Dst.String()
	if r.Dst.Bits() == 0 {
		dst = "default"
	}
	if r.Via.IsValid() {
		dst += " via " + r.Via.String()
	}
	s := fmt.Sprintf("%s dev %s metric %d", dst, name, r.Metric)
	if r.Table != 0 {
		s += fmt.Sprintf(" table %d", r.Table)
	}
	if r.Source.IsValid() {
		s += " src " + r.Source.String()
	}
	return s
}
