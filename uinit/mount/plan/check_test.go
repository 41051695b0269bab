package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// What may be mounted, and what only looks like it: each edge of a name's length and alphabet.
func TestSources(t *testing.T) {
	for source, want := range map[string]string{
		"/dev/sda1": "", "tmpfs": "", "server:/srv/a=b": "", "array:data": "", "array:date": `there is no [array.date]; did you mean data?`,
		"":                                  "is empty",
		"LABEL=" + strings.Repeat("ü", 256): "", "LABEL=" + strings.Repeat("a", 257): "is no LABEL", "LABEL=": "is no LABEL", `LABEL="my disk"`: "",
		"PARTLABEL=" + strings.Repeat("ü", 36): "", "PARTLABEL=" + strings.Repeat("a", 37): "is no PARTLABEL",
		"UUID=1234-ABC": "", "UUID=1234-AB": "is no UUID", "UUID=" + strings.Repeat("f", 36): "", "UUID=" + strings.Repeat("f", 37): "is no UUID", "UUID=1234-ABG": "is no UUID",
		"PARTUUID=01234567-89ab-cdef-0123-456789abcdef": "", "PARTUUID=01234567-89ab-cdef-0123-456789abcde": "is no PARTUUID",
		"PARTUUID=01234567-01": "", "PARTUUID=01234567-1": "is no PARTUUID", "PARTUUID=0123456g-01": "is no PARTUUID", "PARTUUID=0123456701": "is no PARTUUID",
		"PARTUID=01234567-01": `"PARTUID=" names nothing that can be looked for`,
		"lvm:vg0/home":        "", "lvm:vg-0/lv.a+b_c": "", "lvm:vg0": "is no volume", "lvm:-vg/home": "is no volume", "lvm:vg/-home": "is no volume", "lvm:vg/a/b": "is no volume", "lvm:/home": "is no volume",
	} {
		j := problem.NewJudge(func(string) problem.Pos { return problem.Pos{} }, problem.Doubts{})
		check(j, &spec.Machine{Array: map[string]spec.Array{"data": {}}, Mount: map[string]spec.Mount{"/srv": {Source: source, Type: "ext4"}}})
		found := j.Found()
		fits := func(p problem.Problem) bool { return p.Key == `mount."/srv".source` && strings.Contains(p.Msg, want) }
		if want == "" && len(found) > 0 || want != "" && (len(found) != 1 || !slices.ContainsFunc(found, fits)) {
			t.Errorf("%q: %v, want %q", source, found, want)
		}
	}
}
