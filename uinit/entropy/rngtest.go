package entropy

import (
	"fmt"
	"os"

	"github.com/imgbuild/imgbuild/uinit/entropy/pool"
)

// testBlocks is as many as rngtest(1) users look at: 2.5 MB.
const testBlocks = 1000

// test is "uinit rngtest [FILE]": it tests /dev/urandom or a generator such as /dev/hwrng
// for gross faults (FIPS 140-2).
func test(args []string) int {
	file := "/dev/urandom"
	switch len(args) {
	case 0:
	case 1:
		file = args[0]
	default:
		fmt.Fprintln(os.Stderr, "usage: uinit rngtest [FILE], such as /dev/hwrng")
		return 2
	}
	f, err := os.Open(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rngtest:", err)
		return 2
	}
	defer f.Close()
	tally, err := pool.Tested(f, testBlocks)
	fmt.Print(tally)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rngtest: testing %s: %v\n", file, err)
		return 2
	}
	if tally.Suspicious() {
		return 1
	}
	return 0
}
