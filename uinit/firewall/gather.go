package firewall

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// feature is what "ethtool -K … rx-gro-list on" sets: packets of one flow that arrive together, of UDP as well, go through
// the kernel as a list and leave as they came (NETIF_F_GRO_FRAGLIST in include/linux/netdev_features.h).
const feature = "rx-gro-list"

// Gather lets packets of one flow that arrive together at an interface pass the rules as one.
func Gather(link string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("gathering packets of %s: %w", link, err)
	}
	defer unix.Close(fd)
	if err := setFeature(func(request []byte) error { return ethtool(fd, link, request) }, feature); err != nil {
		return fmt.Errorf("gathering packets of %s: %w", link, err)
	}
	return nil
}

// Requests and sizes of include/uapi/linux/ethtool.h.
const (
	getStrings  = 0x1b // ETHTOOL_GSTRINGS
	getSetSizes = 0x37 // ETHTOOL_GSSET_INFO
	setFeatures = 0x3b // ETHTOOL_SFEATURES
	features    = 4    // ETH_SS_FEATURES
	nameSize    = 32   // ETH_GSTRING_LEN
)

// setFeature switches on a feature, whose bit is the place of its name among those that the kernel tells.
func setFeature(ask func(request []byte) error, name string) error {
	words := func(w ...uint32) []byte {
		var b []byte
		for _, v := range w {
			b = binary.NativeEndian.AppendUint32(b, v)
		}
		return b
	}
	// struct ethtool_sset_info: cmd, reserved, a mask of 64 bits, a size for each bit of it that is answered.
	request := words(getSetSizes, 0, 1<<features, 0, 0)
	if err := ask(request); err != nil {
		return err
	}
	n := int(binary.NativeEndian.Uint32(request[16:]))
	// struct ethtool_gstrings: cmd, string_set, len, names.
	request = append(words(getStrings, features, uint32(n)), make([]byte, n*nameSize)...)
	if err := ask(request); err != nil {
		return err
	}
	for bit := range n {
		text, _, _ := bytes.Cut(request[12+bit*nameSize:][:nameSize], []byte{0})
		if string(text) != name {
			continue
		}
		// struct ethtool_sfeatures: cmd, size, and for each 32 of them which are meant, and which of these are on.
		blocks := make([]uint32, 2+(n+31)/32*2)
		blocks[0], blocks[1] = setFeatures, uint32(n+31)/32
		blocks[2+bit/32*2], blocks[3+bit/32*2] = 1<<(bit%32), 1<<(bit%32)
		return ask(words(blocks...))
	}
	return errors.New("the kernel knows no " + name)
}

// ethtool makes a request, which holds the answer then (struct ifreq with ifr_data in include/uapi/linux/if.h).
func ethtool(fd int, link string, request []byte) error {
	var ifreq struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(ifreq.name[:unix.IFNAMSIZ-1], link)
	ifreq.data = unsafe.Pointer(&request[0])
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifreq)))
	runtime.KeepAlive(request)
	// SFEATURES answers with flags above 0 where more or less changed than was asked for.
	if errno != 0 {
		return errno
	}
	return nil
}
