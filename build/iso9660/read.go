package iso9660

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/imgbuild/imgbuild/build/foreign"
)

// Entry is a file of a file system that is read.
type Entry struct {
	// Path is slash-separated, relative to the root: Rock Ridge's names, and where
	// there are none ISO 9660's in small letters without version.
	Path string
	Mode fs.FileMode
	// Owner.
	UID, GID uint32
	ModTime  time.Time
	// Link is a symbolic link's target.
	Link string
	// Major and Minor number a device node.
	Major, Minor uint32
	// Content of a regular file.
	Content *io.SectionReader
}

// Reader reads an ISO 9660 file system, with Rock Ridge or without.
type Reader struct {
	file io.ReaderAt
	size int64
	root []byte // its directory record
	skip int    // bytes before the fields of Rock Ridge; -1 where there are none
	// VolumeID is the volume's name.
	VolumeID string
}

// ErrNone says that there is no ISO 9660 file system.
var ErrNone = errors.New("no ISO 9660 file system")

const (
	// maxDirectory bounds a directory that is read, in bytes.
	maxDirectory = 16 << 20
	// maxDirectories bounds how many of them a damaged file system makes us read.
	maxDirectories = 1 << 18
)

// Open reads the primary volume descriptor of a file system of so many bytes.
func Open(file io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{file: file, size: size, skip: -1}
	b := make([]byte, Block)
	for block := int64(primaryBlock); ; block++ {
		if n, err := file.ReadAt(b, block*Block); n < Block && err != io.EOF {
			return nil, fmt.Errorf("reading an ISO 9660 descriptor: %w", err)
		} else if n < Block || string(b[1:6]) != "CD001" || b[0] == 0xff {
			return nil, ErrNone
		}
		if b[0] == 1 {
			break
		}
	}
	if each := le.Uint16(b[128:]); each != Block {
		return nil, fmt.Errorf("reading an ISO 9660 descriptor: blocks of %d bytes; accepted: %d", each, Block)
	}
	if end := int64(le.Uint32(b[80:])) * Block; end > size {
		return nil, fmt.Errorf("reading an ISO 9660 file system: it ends at byte %d, the file at %d: %w", end, size, io.ErrUnexpectedEOF)
	}
	r.root = b[156:190]
	r.VolumeID = strings.TrimRight(string(b[40:72]), " ")
	records, err := r.directory(r.root)
	if err != nil {
		return nil, fmt.Errorf("reading an ISO 9660 root directory: %w", err)
	}
	if len(records) > 0 {
		if first := systemUse(records[0]); len(first) >= 7 && string(first[:2]) == "SP" {
			r.skip = int(first[6])
		}
	}
	return r, nil
}

// Walk calls visit with everything in the file system, a directory before what it
// holds. An error of visit ends the walk.
func (r *Reader) Walk(visit func(Entry) error) error {
	w := &walk{r: r, visit: visit, seen: map[uint32]bool{}}
	return w.directory("", r.root)
}

type walk struct {
	r     *Reader
	visit func(Entry) error
	seen  map[uint32]bool // directories by their first block
}

func (w *walk) directory(dir string, record []byte) error {
	at := le.Uint32(record[2:])
	if w.seen[at] || len(w.seen) > maxDirectories {
		return fmt.Errorf("reading the directory %q of an ISO: directories lead in a circle, or are too many", dir)
	}
	w.seen[at] = true
	records, err := w.r.directory(record)
	if err != nil {
		return fmt.Errorf("reading the directory %q of an ISO: %w", dir, err)
	}
	for i := 0; i < len(records); i++ {
		id := recordID(records[i])
		if id == "\x00" || id == "\x01" { // itself and its parent
			continue
		}
		// A file of 4 GiB and more has a record for each part of it.
		parts := [][]byte{records[i]}
		for records[i][25]&moreParts != 0 && i+1 < len(records) && recordID(records[i+1]) == id {
			i++
			parts = append(parts, records[i])
		}
		if err := w.entry(dir, parts); err != nil {
			return err
		}
	}
	return nil
}

const (
	flagDirectory = 2
	moreParts     = 0x80
)

func (w *walk) entry(dir string, parts [][]byte) error {
	record := parts[0]
	e := Entry{Path: plainName(recordID(record)), Mode: 0o444, ModTime: recordTime(record[18:25])}
	if record[25]&flagDirectory != 0 {
		e.Mode = fs.ModeDir | 0o555
	}
	child := record
	if w.r.skip >= 0 {
		ridge, err := w.r.rockRidge(record)
		if err != nil {
			return fmt.Errorf("reading %s/%s of an ISO: %w", dir, e.Path, err)
		}
		if ridge.moved { // it is listed at the place it was moved away from
			return nil
		}
		if ridge.child != 0 {
			child = append([]byte(nil), record...)
			le.PutUint32(child[2:], ridge.child)
			le.PutUint32(child[10:], 0) // its own first record tells the size
		}
		ridge.apply(&e)
	}
	if e.Path == "" || e.Path == "." || e.Path == ".." || strings.ContainsAny(e.Path, "/\x00") {
		return fmt.Errorf("reading the directory %q of an ISO: %q is no name", dir, e.Path)
	}
	e.Path = strings.TrimPrefix(dir+"/"+e.Path, "/")
	if e.Mode.IsRegular() {
		at, size := int64(le.Uint32(record[2:]))*Block, int64(0)
		for _, p := range parts {
			if int64(le.Uint32(p[2:]))*Block != at+size {
				return fmt.Errorf("reading %s of an ISO: its parts do not lie behind each other, which is not supported", e.Path)
			}
			size += int64(le.Uint32(p[10:]))
		}
		if size > 0 && at+size > w.r.size {
			return fmt.Errorf("reading %s of an ISO: it ends at byte %d, the file at %d: %w", e.Path, at+size, w.r.size, io.ErrUnexpectedEOF)
		}
		e.Content = io.NewSectionReader(w.r.file, at, size)
	}
	if err := w.visit(e); err != nil || !e.Mode.IsDir() {
		return err
	}
	return w.directory(e.Path, child)
}

// directory reads the records of a directory.
func (r *Reader) directory(record []byte) ([][]byte, error) {
	at, size := int64(le.Uint32(record[2:]))*Block, int64(le.Uint32(record[10:]))
	if size == 0 {
		var first [14]byte
		if err := foreign.Read(r.file, first[:], at); err != nil {
			return nil, err
		}
		size = int64(le.Uint32(first[10:]))
	}
	if size > maxDirectory || at+size > r.size {
		return nil, fmt.Errorf("%d bytes at %d of %d", size, at, r.size)
	}
	b := make([]byte, size)
	if err := foreign.Read(r.file, b, at); err != nil {
		return nil, err
	}
	var records [][]byte
	for pos := 0; pos < len(b); {
		length := int(b[pos])
		if length == 0 { // no record crosses a block's end
			pos = (pos/Block + 1) * Block
			continue
		}
		if pos+length > len(b) || length < 34 || 33+int(b[pos+32]) > length || b[pos+32] == 0 {
			return nil, fmt.Errorf("a damaged record at byte %d", pos)
		}
		records = append(records, b[pos:pos+length])
		pos += length
	}
	return records, nil
}

func recordID(record []byte) string { return string(record[33 : 33+int(record[32])]) }

// systemUse is what follows the name in a record.
func systemUse(record []byte) []byte {
	at := 33 + int(record[32])
	at += at % 2
	return record[min(at, len(record)):]
}

// plainName makes a name of an identifier.
func plainName(id string) string {
	id, _, _ = strings.Cut(id, ";")
	return strings.ToLower(strings.TrimSuffix(id, "."))
}

func recordTime(b []byte) time.Time {
	zone := time.FixedZone("", int(int8(b[6]))*15*60)
	return time.Date(1900+int(b[0]), time.Month(b[1]), int(b[2]), int(b[3]), int(b[4]), int(b[5]), 0, zone).UTC()
}
