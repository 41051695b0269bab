package fat

import (
	"errors"
	"fmt"
	"io"

	"github.com/imgbuild/imgbuild/build/extent"
)

// Reader reads a FAT volume: FAT12, FAT16 or FAT32, whoever wrote it.
type Reader struct {
	volume io.ReaderAt
	size   int64

	cluster  int64 // bytes
	data     int64 // where the first cluster begins, in bytes
	clusters int64
	root     int64 // FAT32: the root directory's first cluster; else where it begins, in bytes
	rootSize int64 // in bytes; 0 for FAT32
	bits     uint  // of a table's entry: 12, 16 or 32
	table    []byte
}

// maxTable bounds the table that is kept in memory, in bytes: 16 million clusters.
const maxTable = 64 << 20

// ErrNone says that there is no FAT volume.
var ErrNone = errors.New("no FAT volume")

// Open reads the boot sector and the table of a volume of so many bytes.
func Open(volume io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{volume: volume, size: size}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("reading a FAT volume: %w", err)
	}
	return r, nil
}

func (r *Reader) open() error {
	b := make([]byte, sector)
	if n, err := r.volume.ReadAt(b, 0); n < len(b) {
		if err == io.EOF {
			return ErrNone
		}
		return err
	}
	each, perCluster := int64(le.Uint16(b[11:])), int64(b[13])
	reserved, tables := int64(le.Uint16(b[14:])), int64(b[16])
	if b[510] != 0x55 || b[511] != 0xaa || b[0] != 0xeb && b[0] != 0xe9 || tables < 1 || tables > 2 || reserved < 1 ||
		each < 512 || each > 4096 || each&(each-1) != 0 || perCluster == 0 || perCluster&(perCluster-1) != 0 {
		return ErrNone
	}
	pick := func(short, long int) int64 {
		if v := int64(le.Uint16(b[short:])); v != 0 {
			return v
		}
		return int64(le.Uint32(b[long:]))
	}
	total, length := pick(19, 32), pick(22, 36)
	r.rootSize = int64(le.Uint16(b[17:])) * entrySize
	r.cluster = each * perCluster
	r.root = (reserved + tables*length) * each
	r.data = r.root + (r.rootSize+each-1)/each*each
	if r.clusters = (total*each - r.data) / r.cluster; r.clusters < 1 {
		return ErrNone
	}
	if end := r.data + r.clusters*r.cluster; end > r.size {
		return fmt.Errorf("it ends at byte %d, the file at %d: %w", end, r.size, io.ErrUnexpectedEOF)
	}
	// The number of clusters alone tells the kind ("FAT: General Overview of On-Disk
	// Format", "FAT Type Determination").
	switch {
	case r.clusters < 4085:
		r.bits = 12
	case r.clusters < 65525:
		r.bits = 16
	default:
		r.bits, r.root = 32, int64(le.Uint32(b[44:]))
	}
	if r.bits != 32 && r.rootSize == 0 {
		return ErrNone
	}
	need := ((r.clusters+firstNumber)*int64(r.bits) + 7) / 8
	if need > length*each || need > maxTable {
		return fmt.Errorf("a table of %d bytes for %d clusters", length*each, r.clusters)
	}
	r.table = make([]byte, need)
	if n, err := r.volume.ReadAt(r.table, reserved*each); n < len(r.table) {
		return err
	}
	return nil
}

// next is the number of the cluster behind one, or 0 behind the last.
func (r *Reader) next(number int64) int64 {
	var v, end int64
	switch r.bits {
	case 12:
		at := number * 3 / 2
		v, end = int64(r.table[at])|int64(r.table[min(at+1, int64(len(r.table))-1)])<<8, 0xff8
		if number%2 == 1 {
			v >>= 4
		}
		v &= 0xfff
	case 16:
		v, end = int64(le.Uint16(r.table[2*number:])), 0xfff8
	default:
		v, end = int64(le.Uint32(r.table[4*number:])&0x0fffffff), 0x0ffffff8
	}
	if v >= end {
		return 0
	}
	return v
}

// chain gives the content that begins in a cluster, at most so many bytes of it; -1
// stands for all.
func (r *Reader) chain(number, size int64) (*extent.Image, error) {
	var runs [][2]int64 // first cluster and how many
	count := int64(0)
	for ; number != 0 && (size < 0 || count*r.cluster < size); number = r.next(number) {
		if number < firstNumber || number >= r.clusters+firstNumber {
			return nil, fmt.Errorf("cluster %d of %d", number, r.clusters)
		}
		if count++; count > r.clusters {
			return nil, errors.New("its clusters lead in a circle")
		}
		if last := len(runs) - 1; last >= 0 && runs[last][0]+runs[last][1] == number {
			runs[last][1]++
		} else {
			runs = append(runs, [2]int64{number, 1})
		}
	}
	if size < 0 {
		size = count * r.cluster
	}
	if count*r.cluster < size {
		return nil, fmt.Errorf("%d bytes in %d clusters of %d", size, count, r.cluster)
	}
	image, at := extent.New(size), int64(0)
	for _, run := range runs {
		length := min(run[1]*r.cluster, size-at)
		image.Place(at, io.NewSectionReader(r.volume, r.data+(run[0]-firstNumber)*r.cluster, length))
		at += length
	}
	return image, nil
}
