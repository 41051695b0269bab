package plan

import (
	"slices"
	"testing"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Whom packages say is to be trusted is, where programs look for that, unless somebody has a list of one's own.
func TestAuthorities(t *testing.T) {
	in := inputs(t)
	for _, tt := range []struct {
		pem      string
		overlays []Overlay
		want     []string // of its file, what it holds
	}{
		{"", nil, nil},
		{"one\n", nil, []string{"one\n"}},
		{"one\n", []Overlay{{Name: "site", Files: []tree.File{overlaid(spec.Authorities[1:])}}}, []string{""}},
	} {
		in.Authorities, in.Overlays = []byte(tt.pem), tt.overlays
		made, err := Make(load(t, box), in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range made.Files {
			if f.Path == spec.Authorities[1:] {
				got = append(got, string(f.Body))
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q with %d overlays: %q, want %q", tt.pem, len(tt.overlays), got, tt.want)
		}
	}
}
