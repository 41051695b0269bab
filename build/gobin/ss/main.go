// Command ss shows sockets as iproute2's does, which would bring a megabyte of libraries. It reads what the kernel tells below
// /proc/net (proc_pid_net(5)).
//
//	ss [-ltuxanp46sH]
//
// -l listening ones, -a all, else those with a peer; -t TCP, -u UDP, -x local ones; -n numbers for ports; -p whose they are; -s a summary.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

func main() {
	if err := run(os.Args[1:], "/proc", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ss:", err)
		os.Exit(1)
	}
}

// known are the options; those after the gap change nothing here.
const known = "ltuxanp46sH" + "oemirO"

func run(args []string, proc string, out io.Writer) error {
	on := map[rune]bool{}
	for _, arg := range args {
		letters, short := strings.CutPrefix(arg, "-")
		for _, letter := range letters {
			if !short || !strings.ContainsRune(known, letter) {
				return fmt.Errorf("%s is not known; accepted: ss [-ltuxanp46sH]; -l listening, -a all, -t TCP, -u UDP, -x local, -n numbers, -p programs, -s summary", arg)
			}
			on[letter] = true
		}
	}
	if on['s'] {
		return summary(proc, out)
	}
	all := !on['t'] && !on['u'] && !on['x']
	var rows []socket
	for _, k := range kinds {
		v6 := strings.HasSuffix(k.file, "6")
		if !all && !on[k.letter] || on['4'] && !on['6'] && (v6 || k.letter == 'x') || on['6'] && !on['4'] && (!v6 || k.letter == 'x') {
			continue
		}
		found, err := k.read(proc, k)
		if err != nil {
			return err
		}
		for _, s := range found {
			listens := s.state == "LISTEN" || s.state == "UNCONN"
			if on['a'] || on['l'] == listens {
				rows = append(rows, s)
			}
		}
	}
	owners := map[string]string{}
	if on['p'] {
		owners = programs(proc)
	}
	names := map[string]string{}
	if !on['n'] {
		names = services("/etc/services")
	}
	w := tabwriter.NewWriter(out, 0, 8, 1, ' ', 0)
	if !on['H'] {
		fmt.Fprintln(w, "Netid\tState\tRecv-Q\tSend-Q\tLocal Address:Port\tPeer Address:Port\tProcess")
	}
	for _, s := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", s.kind, s.state, s.received, s.sent, named(s.local, names, s.kind), named(s.peer, names, s.kind), owners[s.inode])
	}
	return w.Flush()
}

// named gives a port its name.
func named(address string, names map[string]string, kind string) string {
	i := strings.LastIndexByte(address, ':')
	if name := names[address[i+1:]+"/"+kind]; name != "" {
		return address[:i+1] + name
	}
	return address
}
