package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"sort"
	"time"

	"github.com/imgbuild/imgbuild/internal/signature"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/array/md"
)

// noise fills disks with random bytes, then places a superblock's first words among them, then flips bits
// in sound ones. Nothing may be started, and looking must end.
func (b *bench) noise() error {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, diskSize)
	for _, magic := range []bool{false, true} {
		for _, d := range b.disks[:4] {
			for i := 0; i < len(data); i += 8 {
				binary.LittleEndian.PutUint64(data[i:], r.Uint64())
			}
			if magic {
				const n = diskSize / 512
				for i, sector := range []int{8, 0, (n - 16) &^ 7, n&^127 - 128} {
					binary.LittleEndian.PutUint32(data[sector*512:], signature.MDMagic)
					binary.LittleEndian.PutUint32(data[sector*512+4:], uint32(min(1, 3-i)))
				}
			}
			if err := b.write(d, 0, data); err != nil {
				return err
			}
		}
		op, err := b.ours("raid1", b.disks[:4], spec.Array{})
		f := Finding{Case: fmt.Sprintf("random bytes, magic %v", magic), Got: string(op.Action), Reason: op.Reason}
		if err != nil || op.Action == md.Start {
			f.Wrong = fmt.Sprint("started or failed: ", err)
		}
		print(f)
	}
	b.clear(4)
	if err := b.create(trial{level: "raid1", metadata: "1.2"}, b.disks[:2], ""); err != nil {
		return err
	}
	if err := stop(); err != nil {
		return err
	}
	whole := make([]byte, 4096)
	for _, d := range b.disks[:2] {
		if err := b.read(d, 4096, whole); err != nil {
			return err
		}
		for range 50 {
			broken := append([]byte{}, whole...)
			bit := 32 + r.IntN(200*8) // behind the magic, within what the sum covers
			broken[bit/8] ^= 1 << (bit % 8)
			if err := b.write(d, 4096, broken); err != nil {
				return err
			}
			have, err := b.kernel.Observe(context.Background())
			if err != nil {
				return err
			}
			for _, m := range have.Members {
				if m.Device == d {
					print(Finding{Case: fmt.Sprintf("bit %d flipped on %s", bit, d), Wrong: "taken for sound"})
				}
			}
		}
		if err := b.write(d, 4096, whole); err != nil {
			return err
		}
	}
	op, err := b.ours("raid1", b.disks[:2], spec.Array{})
	f := Finding{Case: "the same, restored", Got: string(op.Action), Reason: op.Reason}
	if err != nil || op.Action != md.Start {
		f.Wrong = fmt.Sprint("not started: ", err)
	}
	print(f)
	b.clear(4)
	return nil
}

func (b *bench) read(device string, at int64, into []byte) error {
	f, err := os.Open("/dev/" + device)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.ReadAt(into, at)
	return err
}

// race assembles a mirror of n disks by turns, ours and mdadm's.
func (b *bench) race(n int) error {
	b.clear(n)
	disks := b.disks[:n]
	if err := b.create(trial{level: "raid1", metadata: "1.2"}, disks, ""); err != nil {
		return err
	}
	if err := stop(); err != nil {
		return err
	}
	// uinit knows what it has loaded; here that would be a process each time.
	for _, m := range []string{"md_mod", "raid1"} {
		if err := modprobe(m); err != nil {
			return err
		}
	}
	b.kernel.LoadModule = func(string) error { return nil }
	var ours, theirs []float64
	for range 7 {
		begin := time.Now()
		op, err := b.ours("raid1", disks, spec.Array{})
		ours = append(ours, time.Since(begin).Seconds())
		if err != nil || op.Action != md.Start {
			return fmt.Errorf("%+v, %w", op, err)
		}
		if err := stop(); err != nil {
			return err
		}
		begin = time.Now()
		err = b.theirs(nil)
		theirs = append(theirs, time.Since(begin).Seconds())
		if started() == "" {
			return fmt.Errorf("mdadm: %w", err)
		}
		if err := stop(); err != nil {
			return err
		}
	}
	sort.Float64s(ours)
	sort.Float64s(theirs)
	print(map[string]float64{"Ours": ours[len(ours)/2], "Theirs": theirs[len(theirs)/2]})
	return nil
}
