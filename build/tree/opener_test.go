package tree_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
)

// What a plan holds itself is not opened; what is opened is read to its end, where its hash is compared.
func TestOpener(t *testing.T) {
	wrong := errors.New("another hash")
	open := tree.Opener(func(f tree.File) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("of "+f.From.Store), last{map[string]error{"good": io.EOF, "bad": wrong}[f.From.Store]})), nil
	})
	for _, c := range []struct {
		file tree.File
		want string
		err  error
	}{
		{tree.File{Body: []byte("hello"), Size: 5}, "hello", nil},
		{tree.File{Size: 7, From: tree.Source{Store: "good"}}, "of good", nil},
		{tree.File{From: tree.Source{Store: "good"}}, "of good", nil},
		{tree.File{Size: 6, From: tree.Source{Store: "bad"}}, "of bad", wrong},
	} {
		if got, err := open.Read(c.file); string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("read %q, %v, want %q, %v", got, err, c.want, c.err)
		}
	}
}

// last is a reader that has nothing but an error.
type last struct{ error }

func (l last) Read([]byte) (int, error) { return 0, l.error }
