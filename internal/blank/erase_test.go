package blank

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

// What is erased is blank, whatever was on it, partitions and all.
func TestErase(t *testing.T) {
	for _, m := range made {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			f := sparse(t, m.size)
			run(t, m.script, f.Name())
			var last int64
			written, err := Erase(t.Context(), f, m.size, nil, func(done, total int64) {
				if done <= last || done > total {
					t.Errorf("%d of %d after %d", done, total, last)
				}
				last = done
			})
			if err != nil || written == 0 {
				t.Fatalf("wrote %d bytes, %v", written, err)
			}
			if err := Check(t.Context(), f, m.size); err != nil {
				t.Error(err)
			}
			if again, err := Erase(t.Context(), f, m.size, nil, func(_, _ int64) {}); again != 0 || err != nil {
				t.Errorf("again: wrote %d bytes, %v", again, err)
			}
		})
	}
}

// A partition's own copies go as well: in a new partition at the same place they would come to light again.
func TestErasePartition(t *testing.T) {
	const size, start, length = 20 << 30, 3<<30 + 5<<20, 10 << 30
	f := sparse(t, size)
	run(t, "mke2fs -q -F -t ext4 -E offset=3226468352,lazy_itable_init=1 $f 10G", f.Name())
	if _, err := Erase(t.Context(), f, size, []Part{{start, length}}, func(_, _ int64) {}); err != nil {
		t.Fatal(err)
	}
	part := reader(func(b []byte, at int64) (int, error) { return f.ReadAt(b, start+at) })
	if err := Check(t.Context(), part, length); err != nil {
		t.Errorf("the partition: %v", err)
	}
}

// cut is a disk whose power goes after so many writes.
type cut struct {
	*os.File
	left int
}

func (c *cut) WriteAt(b []byte, at int64) (int, error) {
	if c.left--; c.left < 0 {
		return 0, errors.New("no power")
	}
	return c.File.WriteAt(b, at)
}

// After a cut in the middle a disk is not blank, and erasing it once more ends the work.
func TestEraseIsCutOff(t *testing.T) {
	const size = 96 << 20
	for writes := range 40 {
		f := sparse(t, size)
		run(t, "mke2fs -q -F -t ext4 -b 1024 $f", f.Name())
		_, err := Erase(t.Context(), &cut{f, writes}, size, nil, func(_, _ int64) {})
		if err == nil {
			if writes < 5 {
				t.Errorf("no more than %d writes", writes)
			}
			return
		}
		if used := (*Used)(nil); !errors.As(Check(t.Context(), f, size), &used) {
			t.Errorf("after %d writes it is blank: %v", writes, err)
		}
		if _, err := Erase(t.Context(), f, size, nil, func(_, _ int64) {}); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), f, size); err != nil {
			t.Errorf("once more after %d writes: %v", writes, err)
		}
	}
	t.Error("40 writes were not enough")
}

func TestEraseEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := sparse(t, 1<<30)
	_, err := Erase(ctx, f, 1<<30, nil, func(_, _ int64) { cancel(errors.New("enough")) })
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v", err)
	}
}
