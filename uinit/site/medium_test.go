package site

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
)

// A stick that is pulled while it is read, or whose name is another's by then, is waited for again; what is wrong with one that stays
// is said.
func TestReadFirst(t *testing.T) {
	no := errors.New("input/output error")
	for name, tt := range map[string]struct {
		which []string // asked before it is read and, where that failed, after
		reads []error
		finds []error
		err   error
	}{
		"a whole one":                   {[]string{"1"}, []error{nil}, []error{nil}, nil},
		"a broken one":                  {[]string{"1", "1"}, []error{no}, []error{nil}, no},
		"without a file":                {[]string{"1", "1"}, []error{fs.ErrNotExist}, []error{nil}, fs.ErrNotExist},
		"pulled and put back":           {[]string{"1", "", "2"}, []error{fs.ErrNotExist, nil}, []error{nil, nil}, nil},
		"put back by the same name":     {[]string{"1", "2", "2"}, []error{no, nil}, []error{nil, nil}, nil},
		"gone before it is asked about": {[]string{"", "2"}, []error{no, nil}, []error{nil, nil}, nil},
		"pulled for good":               {[]string{"1", ""}, []error{no}, []error{nil, errNoMedium}, errNoMedium},
		"never there":                   {nil, nil, []error{errNoMedium}, errNoMedium},
	} {
		next := func(list *[]error) error {
			if len(*list) == 0 {
				t.Fatalf("%s: it goes on for ever", name)
			}
			err := (*list)[0]
			*list = (*list)[1:]
			return err
		}
		got, err := readFirst(t.Context(), func() (string, error) { return "/dev/sdb1", next(&tt.finds) }, func(string) ([]byte, string, error) {
			return []byte("text"), "", next(&tt.reads)
		}, func(string) string {
			which := tt.which[0]
			tt.which = slices.Delete(tt.which, 0, 1)
			return which
		})
		if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || err == nil && string(got.text) != "text" || len(tt.reads)+len(tt.finds)+len(tt.which) > 0 {
			t.Errorf("%s: %q, %v; not asked for: %q", name, got.text, err, tt.which)
		}
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readFirst(late, func() (string, error) { return "/dev/sdb1", nil }, func(string) ([]byte, string, error) { return nil, "", no }, func(string) string { return "" }); !errors.Is(err, no) {
		t.Errorf("when its time is over: %v", err)
	}
}
