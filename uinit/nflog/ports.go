package nflog

import (
	"net"
	"strconv"
)

// portNames remembers names of interfaces. They get these before they come up, and an index is never used again.
type portNames map[int]string

func (n portNames) of(index int) string {
	name, known := n[index]
	if known {
		return name
	}
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return "#" + strconv.Itoa(index) // gone already
	}
	n[index] = i.Name
	return i.Name
}
