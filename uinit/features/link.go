package features

import "github.com/imgbuild/imgbuild/uinit/link"

// dhcp6 is there before link is, for dhcp6.go comes before this file.
var dhcp6 link.Clients6

func init() { add(link.Linked(dhcp6)) }
