package blank

import (
	"cmp"

	"github.com/imgbuild/imgbuild/internal/order"
)

// What is looked at: both ends, a sample of the whole, and where copies of superblocks lie.
const (
	// Ends is how much of each end is read, in bytes. It holds everything that libblkid looks at.
	Ends = 8 << 20
	// Samples pieces of SampleSize bytes each are read, spread evenly over the device.
	Samples, SampleSize = 512, 64 << 10
)

// Place is a piece of a device, in bytes.
type Place struct{ At, Size int64 }

const block = 4096

// Places are all pieces of a device that have to be zero, in their order, none touching another.
func Places(size int64) []Place {
	list := copies(size)
	for i := range int64(Samples) {
		list = append(list, Place{size / Samples * i, SampleSize})
	}
	return tidy(list, size)
}

// bases are where a file system may begin that is all there is: on the disk itself, in the first partition as fdisk lays it out
// today and did before 2010, and in an array's member behind what mdadm leaves free.
var bases = []int64{0, 63 * 512, 1 << 20, 128 << 20, 129 << 20}

// copies are where superblocks and tables lie, and second ones of them.
func copies(size int64) []Place {
	list := []Place{{0, Ends}, {size - Ends, Ends}}
	add := func(at, n int64) { list = append(list, Place{at, n}) }
	for _, base := range bases {
		// ext: groups 1 and the powers of 3, 5 and 7 (sparse_super); those of 2 for large groups (bigalloc, flex_bg of
		// other makers); and the last one (sparse_super2). A group is as many blocks as one block has bits, and the
		// first block is number 1 where it has 1 KiB.
		for _, blockSize := range []int64{1 << 10, 2 << 10, 4 << 10} {
			group, first := 8*blockSize*blockSize, base+blockSize&1024
			for _, factor := range []int64{2, 3, 5, 7} {
				for n := int64(1); first+n*group < size; n *= factor {
					add(first+n*group, block)
				}
			}
			add(first+max((size-first-1)/group, 0)*group, block)
		}
		// btrfs: all its mirrors (btrfs_sb_offset in fs/btrfs/volumes.h).
		for _, at := range []int64{64 << 20, 256 << 30, 1 << 50} {
			add(base+at, block)
		}
		// ntfs: the file table, where Windows puts it.
		add(base+3<<30, block)
		// xfs: from 4 TiB on an allocation group has as much as one can have.
		const largest = (1<<28 - 1) * 4096
		for at := base + largest; at < size; at += largest {
			add(at, block)
		}
	}
	// xfs: below that there are 2, 4, 8, 16 or 32 groups of equal size (calc_default_ag_geometry in libxfs), of the disk or of what
	// a table leaves of it. Its second half is also where ntfs has copies.
	for _, part := range []int64{size / 32, size / 16, size / 8, size / 4, size / 2, size / 4 * 3} {
		add(part-1<<20, 5<<19)
	}
	return tidy(list, size)
}

// tidy sorts and joins places, whole blocks each, and cuts them off at the device's ends.
func tidy(list []Place, size int64) (out []Place) {
	order.By(list, func(a, b Place) int { return cmp.Compare(a.At, b.At) })
	for _, p := range list {
		end := min((p.At+p.Size+block-1)&^(block-1), size)
		start := max(p.At, 0) &^ (block - 1)
		if start >= end {
			continue
		}
		if n := len(out); n > 0 && start <= out[n-1].At+out[n-1].Size {
			out[n-1].Size = max(out[n-1].Size, end-out[n-1].At)
			continue
		}
		out = append(out, Place{start, end - start})
	}
	return out
}
