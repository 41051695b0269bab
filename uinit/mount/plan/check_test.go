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
		"/dev/sda1": "", "array:data": "", "array:date": `there is no [array.date]; did you mean data?`,
		"":                                "is empty",
		"LABEL=" + strings.Repeat("ü", 8): "", "LABEL=" + strings.Repeat("a", 257): "is no LABEL", "LABEL=": "is no LABEL", `LABEL="my disk"`: "",
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

// What lies on a device is looked for on one, under a label that it can have.
func TestSourcesOfTypes(t *testing.T) {
	for _, c := range []struct{ source, kind, want string }{
		{"tmpfs", "tmpfs", ""}, {"server:/srv/a=b", "nfs4", ""}, {"/dev/sda1", "xfs", ""}, {"array:data", "ext4", ""}, {"lvm:g/v", "ext4", ""},
		{"sda1", "ext4", `"sda1" is no device, and ext4 lies on one; accepted: "/dev/…"`}, {"/srv/x.img", "squashfs", `"/srv/x.img" is no device`},
		{"label=x", "ext4", `"label=x" is no device, and ext4 lies on one; did you mean LABEL=?`}, {"tmpfs", "vfat", `"tmpfs" is no device`}, {"/dev/", "ext4", `"/dev/" is no device`},
		{"LABEL=" + strings.Repeat("a", 16), "ext4", ""}, {"LABEL=" + strings.Repeat("a", 17), "ext4", "has 17 bytes; accepted: up to 16, which ext4 has room for"},
		{"LABEL=" + strings.Repeat("ü", 9), "ext4", "has 18 bytes"}, {`LABEL="` + strings.Repeat("a", 12) + `"`, "xfs", ""}, {"LABEL=" + strings.Repeat("a", 13), "xfs", "up to 12"},
		{"LABEL=" + strings.Repeat("A", 11), "vfat", ""}, {"LABEL=" + strings.Repeat("A", 12), "vfat", "up to 11"}, {"LABEL=" + strings.Repeat("a", 255), "btrfs", ""}, {"LABEL=" + strings.Repeat("a", 256), "btrfs", "up to 255"},
		{"LABEL=" + strings.Repeat("a", 32), "iso9660", ""},
	} {
		j := problem.NewJudge(func(string) problem.Pos { return problem.Pos{} }, problem.Doubts{})
		check(j, &spec.Machine{Array: map[string]spec.Array{"data": {}}, Mount: map[string]spec.Mount{"/srv": {Source: c.source, Type: c.kind}}})
		if found := j.Found(); (len(found) == 0) != (c.want == "") || c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Msg, c.want)) {
			t.Errorf("%s on %q: %v, want %q", c.kind, c.source, found, c.want)
		}
	}
}
