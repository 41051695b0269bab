package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// What a host hands over is read once its module is there, without what is put behind it.
func TestHanded(t *testing.T) {
	dir := t.TempDir() + "/"
	for name, text := range map[string]string{"opt/a/hash": "text\n\x00", "opt/empty": "\n", "opt/long": strings.Repeat("x", limit+1), "opt/most": strings.Repeat("x", limit)} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, name), 0o755), os.WriteFile(filepath.Join(dir, name, "raw"), []byte(text), 0o400)); err != nil {
			t.Fatal(err)
		}
	}
	var loaded []string
	load := func(module string) error {
		loaded = append(loaded, module)
		return errors.New("is built in")
	}
	for name, want := range map[string]error{"opt/a/hash": nil, "opt/empty": ErrEmpty, "opt/long": ErrLong, "opt/most": nil, "opt/none": ErrMissing} {
		text, err := read(spec.Source{FWCfg: name}, load, dir)
		if told := (*Error)(nil); !errors.Is(err, want) || (err == nil) != (text != "") || err != nil && (!errors.As(err, &told) || !strings.HasPrefix(err.Error(), "fw_cfg "+name+" is ")) {
			t.Errorf("%s: %.20q, %v; want %v", name, text, err, want)
		}
	}
	if len(loaded) != 5 || loaded[0] != Module {
		t.Errorf("loaded %q", loaded)
	}
}
