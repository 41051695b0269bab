package pool

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
)

// BlockSize is what one round of the tests looks at: 20000 bits.
const BlockSize = 2500

// Verdict says which tests of FIPS 140-2 (section 4.9.1, before change notice 2) a block
// failed. They find a generator that is stuck or grossly biased and prove nothing more: a
// plain counter passes, and of good blocks about one in 1200 fails.
type Verdict struct {
	Monobit, Poker, Runs, LongRun bool
}

// Passed says that no test failed.
func (v Verdict) Passed() bool { return v == Verdict{} }

// runBounds are the accepted numbers of runs of 1, 2, 3, 4, 5 and 6 or more equal bits.
var runBounds = [6][2]int{{2315, 2685}, {1114, 1386}, {527, 723}, {240, 384}, {103, 209}, {103, 209}}

// longRun is the length from which a single run fails the block.
const longRun = 26

// TestBlock runs the tests on a block of BlockSize bytes, most significant bit first.
func TestBlock(block []byte) Verdict {
	if len(block) != BlockSize {
		panic(fmt.Sprintf("BUG: a FIPS 140-2 block has %d bytes, not %d", BlockSize, len(block)))
	}
	var v Verdict

	ones := 0
	var nibbles [16]int
	for _, b := range block {
		ones += bits.OnesCount8(b)
		nibbles[b>>4]++
		nibbles[b&15]++
	}
	v.Monobit = ones <= 9725 || ones >= 10275

	// The standard's X = 16/5000·Σf² − 5000 lies between 2.16 and 46.17; times 5000, in whole numbers.
	sum := 0
	for _, f := range nibbles {
		sum += f * f
	}
	x := 16*sum - 5000*5000
	v.Poker = x <= 10800 || x >= 230850

	runs, longest := countRuns(block)
	v.Runs = tooFewOrMany(runs[0]) || tooFewOrMany(runs[1])
	v.LongRun = longest >= longRun
	return v
}

func tooFewOrMany(runs [6]int) bool {
	for i, bound := range runBounds {
		if runs[i] < bound[0] || runs[i] > bound[1] {
			return true
		}
	}
	return false
}

// countRuns counts runs of zeros and ones by length, six and more together.
func countRuns(block []byte) (runs [2][6]int, longest int) {
	length, last := 0, byte(2)
	end := func() {
		if length > 0 {
			runs[last][min(length, 6)-1]++
			longest = max(longest, length)
		}
	}
	for _, b := range block {
		for i := 7; i >= 0; i-- {
			if bit := b >> i & 1; bit == last {
				length++
			} else {
				end()
				last, length = bit, 1
			}
		}
	}
	end()
	return runs, longest
}

// Tally is what came of a number of blocks.
type Tally struct {
	Blocks, Failed                int
	Monobit, Poker, Runs, LongRun int
}

// Tested runs the tests on so many blocks of r; a source that ends early is io.ErrUnexpectedEOF.
func Tested(r io.Reader, blocks int) (Tally, error) {
	var t Tally
	block := make([]byte, BlockSize)
	for range blocks {
		if _, err := io.ReadFull(r, block); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return t, fmt.Errorf("reading block %d of %d: %w", t.Blocks+1, blocks, err)
		}
		t.add(TestBlock(block))
	}
	return t, nil
}

func (t *Tally) add(v Verdict) {
	t.Blocks++
	if !v.Passed() {
		t.Failed++
	}
	for _, c := range []struct {
		failed bool
		count  *int
	}{{v.Monobit, &t.Monobit}, {v.Poker, &t.Poker}, {v.Runs, &t.Runs}, {v.LongRun, &t.LongRun}} {
		if c.failed {
			*c.count++
		}
	}
}

// Suspicious says that more blocks failed than chance explains: of n good blocks n/1200
// fail, and ten times that, or two in a small number, is no accident.
func (t Tally) Suspicious() bool { return t.Failed > 1+t.Blocks/120 }

// String is the table that "uinit rngtest" shows.
func (t Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %d\n", "blocks", t.Blocks)
	fmt.Fprintf(&b, "%-10s %d\n", "failed", t.Failed)
	fmt.Fprintf(&b, "%-10s %d\n", "monobit", t.Monobit)
	fmt.Fprintf(&b, "%-10s %d\n", "poker", t.Poker)
	fmt.Fprintf(&b, "%-10s %d\n", "runs", t.Runs)
	fmt.Fprintf(&b, "%-10s %d\n", "long run", t.LongRun)
	return b.String()
}
