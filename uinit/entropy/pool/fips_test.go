package pool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// bitBlock turns lengths of runs, beginning with a run of ones, into a block.
func bitBlock(next func(i int) int) []byte {
	block := make([]byte, BlockSize)
	bit, pos := 1, 0
	for i := 0; pos < 8*BlockSize; i++ {
		for n := next(i); n > 0 && pos < 8*BlockSize; n-- {
			block[pos/8] |= byte(bit << (7 - pos%8))
			pos++
		}
		bit ^= 1
	}
	return block
}

func good() []byte {
	block := make([]byte, BlockSize)
	// ChaCha8's output is part of Go's compatibility promise; this seed's first block passes.
	if _, err := rand.NewChaCha8([32]byte{1}).Read(block); err != nil {
		panic(err)
	}
	return block
}

func TestBlockVerdicts(t *testing.T) {
	stuck := good()
	copy(stuck[100:], []byte{0x40, 0, 0, 0, 0x20}) // 2 + 24 + 5 zeros or so in a row
	counter := make([]byte, BlockSize)
	for i := range counter {
		counter[i] = byte(i)
	}
	for _, c := range []struct {
		name  string
		block []byte
		want  Verdict
	}{
		{"good", good(), Verdict{}},
		{"zeros", make([]byte, BlockSize), Verdict{Monobit: true, Poker: true, Runs: true, LongRun: true}},
		{"ones", bytes.Repeat([]byte{0xff}, BlockSize), Verdict{Monobit: true, Poker: true, Runs: true, LongRun: true}},
		{"0101", bytes.Repeat([]byte{0x55}, BlockSize), Verdict{Poker: true, Runs: true}},
		{"one run of 26 and more", stuck, Verdict{LongRun: true}},
		// The tests are no more than a smoke alarm.
		{"a counter", counter, Verdict{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := TestBlock(c.block); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestMonobitBounds(t *testing.T) {
	for ones, failed := range map[int]bool{9725: true, 9726: false, 10274: false, 10275: true} {
		block := make([]byte, BlockSize)
		for i := range ones {
			block[i/8] |= 0x80 >> (i % 8)
		}
		if got := TestBlock(block).Monobit; got != failed {
			t.Errorf("%d ones: failed %v, want %v", ones, got, failed)
		}
	}
}

func TestPokerBounds(t *testing.T) {
	// 16 words in 5000 nibbles: an even spread is as suspicious as a skewed one.
	for _, c := range []struct {
		shift  int // counts are 312.5 ± shift
		failed bool
	}{{0, true}, {5, true}, {6, false}, {29, false}, {30, true}} {
		block, pos := make([]byte, BlockSize), 0
		put := func(word byte, n int) {
			for range n {
				block[pos/2] |= word << (4 * (1 - pos%2))
				pos++
			}
		}
		for word := range byte(16) {
			n := 312 - c.shift
			if word%2 == 1 {
				n = 313 + c.shift
			}
			put(word, n)
		}
		if pos != 5000 {
			t.Fatalf("%d nibbles", pos)
		}
		// By the standard's own formula:
		x := 0.0
		for word := range 16 {
			n := 312 - c.shift
			if word%2 == 1 {
				n = 313 + c.shift
			}
			x += float64(n * n)
		}
		x = x*16/5000 - 5000
		if failed := !(x > 2.16 && x < 46.17); failed != c.failed {
			t.Fatalf("the table is wrong for %d: X = %v", c.shift, x)
		}
		if got := TestBlock(block).Poker; got != c.failed {
			t.Errorf("shift %d, X = %v: failed %v, want %v", c.shift, x, got, c.failed)
		}
	}
}

func TestCountRuns(t *testing.T) {
	lengths := []int{1, 2, 3, 4, 5, 6, 7, 30} // sums to 58: ones get 1, 3, 5, 7, zeros 2, 4, 6, 30
	block := bitBlock(func(i int) int { return lengths[i%len(lengths)] })
	runs, longest := countRuns(block)
	// 20000 bits are 344 full rounds of 58 and 48 more: 1 2 3 4 5 6 7 and 20 of the zeros.
	want := [2][6]int{
		{0, 345, 0, 345, 0, 345 + 345},
		{345, 0, 345, 0, 345, 345},
	}
	if runs != want || longest != 30 {
		t.Errorf("got %v, longest %d, want %v, 30", runs, longest, want)
	}
}

func TestLongRunBounds(t *testing.T) {
	for length, failed := range map[int]bool{25: false, 26: true} {
		block := bitBlock(func(i int) int {
			if i == 50 {
				return length
			}
			return 1 + i%3
		})
		if got := TestBlock(block).LongRun; got != failed {
			t.Errorf("a run of %d: failed %v, want %v", length, got, failed)
		}
	}
}

func TestTested(t *testing.T) {
	r := io.MultiReader(bytes.NewReader(good()), bytes.NewReader(make([]byte, BlockSize)))
	got, err := Tested(r, 2)
	want := Tally{Blocks: 2, Failed: 1, Monobit: 1, Poker: 1, Runs: 1, LongRun: 1}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := Tested(bytes.NewReader(good()[:100]), 1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short source: %v", err)
	}
	many, err := Tested(rand.NewChaCha8([32]byte{2}), 2000)
	if err != nil || many.Suspicious() {
		t.Errorf("a good generator is suspicious: %+v, %v", many, err)
	}
	if (Tally{Blocks: 1000, Failed: 1}).Suspicious() || !(Tally{Blocks: 1000, Failed: 20}).Suspicious() {
		t.Error("what is suspicious has changed")
	}
}
