package power

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// cardLimit bounds what is done to network cards: the kernel's lock on them may be held by what never ends.
const cardLimit = time.Second

// brokenByShutdown is the driver whose cards must be down when the machine ends. As it shuts devices down, the kernel
// marks the queues of virtio devices broken; until its commit 0d0eff39ceb3 (August 2026) a card that is still up
// can spin for ever then, as it waits for what a broken queue never returns. Other cards stay as they are: one that is to wake
// the machine again may have to be up.
const brokenByShutdown = "virtio_net"

// takeDown takes the network cards of a driver down, within cardLimit.
func takeDown(driver string) error {
	done := make(chan error, 1)
	go func() { done <- takeCardsDown(driver) }()
	select {
	case err := <-done:
		return err
	case <-time.After(cardLimit):
		return fmt.Errorf("taking network cards down: not done within %v", cardLimit)
	}
}

func takeCardsDown(driver string) error {
	links, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("listing network cards: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("taking network cards down: %w", err)
	}
	defer unix.Close(fd)
	var failed []error
	for _, l := range links {
		// Without a driver's name (ETHTOOL_GDRVINFO) it is no card.
		if info, err := unix.IoctlGetEthtoolDrvinfo(fd, l.Name); err != nil || !named(info.Driver[:], driver) {
			continue
		}
		if err := setDown(fd, l.Name); err != nil {
			failed = append(failed, fmt.Errorf("taking %s down: %w", l.Name, err))
		}
	}
	return errors.Join(failed...)
}

// setDown clears IFF_UP (netdevice(7)).
func setDown(fd int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() &^ unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// named compares with a string that the kernel ended with a zero.
func named(field []byte, name string) bool {
	have, _, _ := bytes.Cut(field, []byte{0})
	return string(have) == name
}
