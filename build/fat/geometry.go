package fat

import "fmt"

const (
	sector = 512
	// Fewer clusters than this make a volume FAT12, more than that FAT32, whatever
	// else is written about it. Some drivers are off by a few, so keep away from both.
	fat16Least, fat16Most = 4085 + 16, 65524 - 16
	fat32Least            = 65525 + 16
	fat32From             = 40 << 20 / sector // sectors, from which on a volume is FAT32
	fat32Most             = 1<<28 - 16        // numbers from there on mean other things

	rootEntries = 512 // of FAT16, whose root directory is no file
	dataAlign   = 8   // sectors: the clusters begin at a multiple of 4 KiB
	maxCluster  = 64  // sectors, 32 KiB
	goodCluster = 8   // sectors; larger ones waste room, smaller ones make long tables
	firstNumber = 2   // of a cluster; the table's first two entries mean other things
	backupBoot  = 6   // the sector of FAT32's second boot sector
)

// geometry says where the parts of a volume lie, in sectors.
type geometry struct {
	fat32    bool
	total    int64
	reserved int64 // before the first table
	table    int64 // each of both tables
	root     int64 // FAT16's root directory
	cluster  int64 // sectors in a cluster
	clusters int64
}

// divide chooses the geometry for a volume of so many sectors.
func divide(total int64) (geometry, error) {
	g := geometry{fat32: total >= fat32From, total: total, reserved: 1, root: rootEntries * entrySize / sector, cluster: 1}
	least, most := int64(fat16Least), int64(fat16Most)
	if g.fat32 {
		g.reserved, g.root = 32, 0
		least, most = fat32Least, fat32Most
		g.cluster = goodCluster
		for total/g.cluster < least+least/64 { // the tables take less than one part in 64
			g.cluster /= 2
		}
	} else {
		for total/g.cluster > most {
			g.cluster *= 2
		}
	}
	// The table must be long enough for the clusters that it leaves room for.
	for g.table = 1; ; g.table++ {
		g.clusters = (total - g.reserved - g.root - 2*g.table) / g.cluster
		if g.table*sector >= (g.clusters+firstNumber)*g.width() {
			break
		}
	}
	g.reserved += -(g.data()) & (dataAlign - 1)
	g.clusters = (total - g.data()) / g.cluster
	if g.clusters < least || g.clusters > most || g.cluster > maxCluster {
		return g, fmt.Errorf("no FAT volume can have %d bytes", total*sector)
	}
	return g, nil
}

// width is the size of a table's entry in bytes.
func (g geometry) width() int64 {
	if g.fat32 {
		return 4
	}
	return 2
}

// data is the first sector of the first cluster.
func (g geometry) data() int64 { return g.reserved + 2*g.table + g.root }

// offset is where a cluster begins, in bytes.
func (g geometry) offset(number int64) int64 {
	return (g.data() + (number-firstNumber)*g.cluster) * sector
}

// bytes is the size of a cluster.
func (g geometry) bytes() int64 { return g.cluster * sector }

// count is how many clusters so many bytes fill.
func (g geometry) count(bytes int64) int64 { return (bytes + g.bytes() - 1) / g.bytes() }

// need is how many clusters directories and files fill.
func (g geometry) need(root *node, files []File) int64 {
	n := root.clusters(g)
	for _, f := range files {
		n += g.count(f.Content.Size())
	}
	return n
}
