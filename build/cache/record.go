package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// chunk is how much of a file has a hash of its own: whoever reads a part of a file at random is
// given bytes that were checked, and need not read all of it.
const chunk = 256 << 10

// record says what the files of an entry hold, by name. What lies in a directory below the entry
// is not in it: who makes one vouches for that, by hashes in one of the files.
type record map[string]content

// content is what one file holds.
type content struct {
	size int64
	// sums are the SHA-256 of its chunks; a zero one stands for a chunk of nothing but zeros,
	// which nobody need read: file systems in files are mostly holes.
	sums [][sha256.Size]byte
}

var zeroSum [sha256.Size]byte

// recordOf reads the files of an entry.
func recordOf(dir string) (record, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	r := record{}
	for _, d := range files {
		if !d.Type().IsRegular() {
			continue
		}
		if r[d.Name()], err = contentOf(filepath.Join(dir, d.Name())); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func contentOf(path string) (content, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	c := content{size: size, sums: make([][sha256.Size]byte, (size+chunk-1)/chunk)}
	buf := make([]byte, chunk)
	for at := int64(0); at < size; {
		data, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // a hole to the end
		}
		if err != nil {
			return content{}, err
		}
		i := max(data, at) / chunk
		b := buf[:min(chunk, size-i*chunk)]
		if _, err := f.ReadAt(b, i*chunk); err != nil {
			return content{}, err
		}
		if !zeros(b) {
			c.sums[i] = sha256.Sum256(b)
		}
		at = (i + 1) * chunk
	}
	return c, nil
}

func zeros(b []byte) bool { return b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

// openRegular opens a file for reading, and only one: no link is followed, and on no fifo that
// somebody put there a build hangs.
func openRegular(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// recordHead begins a record; the number changes with the form.
const recordHead = "imgbuild cache record 1"

// MarshalText gives a line "file SIZE NAME" for each file, followed by its chunks' hashes, one a
// line, or "zero N" for N chunks of zeros; and last a hash of all that, for an index may rot too.
func (r record) MarshalText() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintln(&b, recordHead)
	for _, name := range sortedNames(r) {
		fmt.Fprintf(&b, "file %d %s\n", r[name].size, name)
		for sums := r[name].sums; len(sums) > 0; {
			n := 0
			for n < len(sums) && sums[n] == zeroSum {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&b, "zero %d\n", n)
			} else {
				fmt.Fprintf(&b, "%x\n", sums[0])
				n = 1
			}
			sums = sums[n:]
		}
	}
	fmt.Fprintf(&b, "end %x\n", sha256.Sum256(b.Bytes()))
	return b.Bytes(), nil
}

var errRecord = errors.New("not a record of a cache's entry")

// UnmarshalText reads what MarshalText gives.
func (r *record) UnmarshalText(text []byte) error {
	at := bytes.LastIndex(text, []byte("end "))
	if at < 0 || string(text[at:]) != fmt.Sprintf("end %x\n", sha256.Sum256(text[:at])) {
		return errRecord
	}
	lines := strings.Split(strings.TrimSuffix(string(text[:at]), "\n"), "\n")
	if lines[0] != recordHead {
		return errRecord
	}
	*r = record{}
	var name string
	var c content
	for _, line := range append(lines[1:], "file 0 ") {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "file":
			if name != "" {
				if int64(len(c.sums)) != (c.size+chunk-1)/chunk {
					return errRecord
				}
				(*r)[name] = c
			}
			size, next, _ := strings.Cut(rest, " ")
			n, err := strconv.ParseInt(size, 10, 64)
			if err != nil {
				return errRecord
			}
			name, c = next, content{size: n}
		case "zero":
			n, err := strconv.Atoi(rest)
			if err != nil || n < 0 || n > 1<<30 {
				return errRecord
			}
			c.sums = append(c.sums, make([][sha256.Size]byte, n)...)
		default:
			var sum [sha256.Size]byte
			if n, err := hex.Decode(sum[:], []byte(word)); err != nil || n != len(sum) {
				return errRecord
			}
			c.sums = append(c.sums, sum)
		}
	}
	return nil
}

func sortedNames(r record) []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
