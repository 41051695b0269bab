package link

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestBridgeFilter(t *testing.T) {
	dir := t.TempDir()
	if got, err := setBridgeFilter(dir, spec.BridgeFilter{IPTables: true}); err != nil || len(got) != 0 {
		t.Errorf("without the module: %v, %v", got, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("made %v, %v", files, err)
	}
	names := []string{"bridge-nf-call-iptables", "bridge-nf-call-ip6tables", "bridge-nf-call-arptables"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		got, err := setBridgeFilter(dir, spec.BridgeFilter{IP6Tables: true})
		facts := map[string]any{}
		for _, f := range got {
			facts[f.Name()] = f.Value()
		}
		if err != nil || !maps.Equal(facts, map[string]any{names[0]: false, names[1]: true, names[2]: false}) {
			t.Errorf("%v, %v", facts, err)
		}
		for i, want := range []string{"0\n", "1\n", "0\n"} {
			if text, err := os.ReadFile(filepath.Join(dir, names[i])); err != nil || string(text) != want {
				t.Errorf("%s is %q, %v; want %q", names[i], text, err, want)
			}
		}
	}
}
