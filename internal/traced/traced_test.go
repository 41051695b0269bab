package traced

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What the kernel was asked is seen as it was, and only in the folder and while it is about it.
func TestOf(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("before"), nil, 0o600))
	got := Of(t, dir, func() {
		f, err := os.CreateTemp(dir, "x-")
		must(err)
		_, err = f.WriteString("one")
		_, err2 := f.WriteString("two")
		must(errors.Join(err, err2, f.Sync(), f.Truncate(1), f.Close(), os.Rename(f.Name(), at("a"))))
		if os.Rename(at("none"), at("b")) == nil {
			t.Error("renamed what is not there")
		}
		d, err := os.Open(dir)
		must(err)
		must(errors.Join(d.Sync(), os.Link(at("a"), at("c"))))
	})
	if want := []string{"write x-*", "fsync x-*", "ftruncate x-*", "rename x-* a", "fsync .", "link a c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDurable(t *testing.T) {
	for name, tt := range map[string]struct {
		rows       []string
		file, name bool // whether Durable is content without and with the folder
	}{
		"all":                     {[]string{"write t", "fsync t", "rename t a", "fsync ."}, true, true},
		"the folder is left out":  {[]string{"write t", "fsync t", "rename t a"}, true, false},
		"the folder comes before": {[]string{"write t", "fsync t", "fsync .", "rename t a"}, true, false},
		"written again":           {[]string{"write t", "fsync t", "write t", "rename t a", "fsync ."}, false, false},
		"never synced":            {[]string{"write t", "rename t a", "fsync ."}, false, false},
		"another's sync":          {[]string{"write t", "fsync u", "rename t a", "fsync ."}, false, false},
		"nothing happens":         {nil, false, false},
	} {
		if err := Durable(tt.rows, "a", false); (err == nil) != tt.file {
			t.Errorf("%s, the file: %v", name, err)
		}
		if err := Durable(tt.rows, "a", true); (err == nil) != tt.name {
			t.Errorf("%s, with its folder: %v", name, err)
		}
	}
}
