// Command mdoracle runs in a guest and holds uinit's assembly of arrays against mdadm's, on loop devices.
//
//	mdoracle matrix V…    each level, in each of these versions of metadata, in each state
//	mdoracle noise        random bytes where superblocks lie
//	mdoracle bench N      seconds of assembling a mirror of N disks, ours and mdadm's, as JSON
//
// It prints a JSON object a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Finding is what became of one case.
type Finding struct {
	Case string
	// Got is what was decided, Reason the words for it; Wrong says what differs from what mdadm does, or is
	// to happen, "" where all is well.
	Got, Reason, Wrong string
	// Seconds it took.
	Seconds float64
}

func main() {
	b, err := newBench(14)
	if err == nil {
		err = b.do(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mdoracle:", err)
		os.Exit(1)
	}
}

func (b *bench) do(args []string) error {
	switch args[0] {
	case "matrix":
		for _, c := range cases(args[1:]) {
			begin := time.Now()
			f, err := b.try(c)
			if err != nil {
				f.Wrong = err.Error()
			}
			b.clear(members[c.level] + 1)
			f.Case, f.Seconds = c.String(), time.Since(begin).Seconds()
			print(f)
		}
		return nil
	case "noise":
		return b.noise()
	case "bench":
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return b.race(n)
	}
	return fmt.Errorf("%q is not known", args[0])
}

func print(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
