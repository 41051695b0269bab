// Command metrics tells Prometheus, and whoever else asks by HTTP, how the machine is. uinit starts it without any rights,
// and hands it all that it works on, open:
//
//	0                     a line to uinit: each octet asks for events of units and facts (internal/report), an empty line
//	                      ends them
//	3 …                   sockets that listen, as many as -sockets says
//	and then              /proc/loadavg, /proc/meminfo, /proc/stat
//
// Options:
//
//	-sockets N            how many sockets
//	-from NETWORK         who may ask, repeatable (default: everybody)
//
// GET /metrics is all that it answers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	sockets, from, err := parseFlags(args)
	if err != nil {
		return 2 // the flag package has said why
	}
	if err := serve(sockets, from); err != nil {
		fmt.Fprintln(os.Stderr, "metrics:", err)
		return 1
	}
	return 0
}

func parseFlags(args []string) (sockets int, from []netip.Prefix, err error) {
	f := flag.NewFlagSet("metrics", flag.ContinueOnError)
	f.IntVar(&sockets, "sockets", 1, "how many sockets that listen are open, from number 3 on")
	f.Func("from", "network that may ask (default: all)", func(text string) error {
		network, err := netip.ParsePrefix(text)
		from = append(from, network)
		return err
	})
	if err := f.Parse(args); err != nil {
		return 0, nil, err
	}
	if f.NArg() > 0 || sockets < 1 {
		err = errors.New("accepted: metrics [-sockets N] [-from NETWORK]...; see -help")
		fmt.Fprintln(f.Output(), "metrics:", err)
	}
	return sockets, from, err
}

// serve answers until a signal asks it to end.
func serve(sockets int, from []netip.Prefix) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var listeners []net.Listener
	number := uintptr(3)
	for range sockets {
		f := os.NewFile(number, "socket")
		l, err := net.FileListener(f)
		f.Close() // the listener is a copy
		if err != nil {
			return fmt.Errorf("taking socket %d over: %w", number, err)
		}
		listeners = append(listeners, l)
		number++
	}
	k := kernel{os.NewFile(number, "loadavg"), os.NewFile(number+1, "meminfo"), os.NewFile(number+2, "stat")}
	s := source{init: newLine(os.Stdin), kernel: k}
	return serveAll(ctx, listeners, newGate(from), s.handler(), s.init.broken)
}
