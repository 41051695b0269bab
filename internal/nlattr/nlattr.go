// Package nlattr goes through the attributes of netlink messages (include/uapi/linux/netlink.h, struct nlattr).
package nlattr

import (
	"fmt"

	"github.com/vishvananda/netlink/nl"
)

// Each calls f with the attributes in a message's body or in another attribute, one after the other. Flags of nesting and byte
// order are left out of the type. An attribute that reaches beyond b is an error, and f then sees none at all; an
// error of f ends the walk and is returned.
func Each(b []byte, f func(kind uint16, value []byte) error) error {
	// The library steps beyond the end where the last attribute is not filled up to four bytes.
	all, err := nl.ParseRouteAttr(append(b[:len(b):len(b)], make([]byte, -len(b)&3)...))
	if err != nil {
		return fmt.Errorf("reading attributes in %d bytes: %w", len(b), err)
	}
	for _, a := range all {
		if err := f(a.Attr.Type&nl.NLA_TYPE_MASK, a.Value); err != nil {
			return err
		}
	}
	return nil
}
