package plan

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/check"
	"github.com/imgbuild/imgbuild/internal/spec"
)

const (
	signed = "[update]\nkeys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKEMkZB1Y/bE0VwOHcpFq5mDFjJFt4dUX7BzVfM8nqL you@desk\"]\n"
	checks = "[check.shell]\ncommand = [\"sh\", \"-c\", \"true\"]\non_box = true\nwithin = \"5s\"\n[check.boot]\nfact = \"boot.seconds\"\nat_most = 9.5\nafter = \"shell\"\non_box = true\n[check.srv]\nunit = \"mount:/srv\"\n"
)

// described is what the init of an image reads.
func described(t *testing.T, p *Plan) spec.Description {
	t.Helper()
	var d spec.Description
	for _, f := range p.Files {
		if "/"+f.Path == spec.Path {
			if err := json.Unmarshal(f.Body, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// A box that takes versions is told which checks prove one, and no other box is.
func TestProof(t *testing.T) {
	made := func(text string) spec.Description {
		t.Helper()
		p, err := Make(load(t, box+text), inputs(t))
		if err != nil {
			t.Fatal(err)
		}
		return described(t, p)
	}
	if d := made(checks); d.Proof != "" || d.Profile != "box" {
		t.Errorf("of %q, without updates: %s", d.Profile, d.Proof)
	}
	proof := map[string]check.Check{}
	d := made(signed + checks)
	if err := json.Unmarshal([]byte(d.Proof), &proof); err != nil {
		t.Fatal(err)
	}
	shell, boot := proof["shell"], proof["boot"]
	if len(proof) != 2 || len(shell.Command) != 3 || shell.Within.String() != "5s" || boot.After != "shell" || *boot.AtMost != 9.5 || boot.Within.String() != "1m" {
		t.Errorf("%+v", proof)
	}
}

// A source's server is known by somebody, or the image is not made.
func TestAuthoritiesOfASource(t *testing.T) {
	source := signed + "source = \"https://example.net/box.update\"\n"
	for name, tt := range map[string]struct {
		text, pem, says string
		overlays        []Overlay
	}{
		"nobody":       {source, "", "update.source: /etc/ssl/certs/ca-certificates.crt is not in the image; accepted: update.ca with a certificate by which its server is known, or [packages.ca-certificates] with files =", nil},
		"packages":     {source, "one\n", "", nil},
		"an overlay":   {source, "", "", []Overlay{{Name: "site", Files: []tree.File{overlaid(spec.Authorities[1:])}}}},
		"its own":      {source + "ca = \"/etc/ca.pem\"\n", "", "", []Overlay{{Name: "site", Files: []tree.File{overlaid("etc/ca.pem")}}}},
		"not its own":  {source + "ca = \"/etc/ca.pem\"\n", "one\n", "update.ca: /etc/ca.pem is not in the image", nil},
		"nobody asked": {signed, "", "", nil},
	} {
		in := inputs(t)
		in.Overlays, in.Authorities = tt.overlays, []byte(tt.pem)
		_, err := Make(load(t, box+tt.text+checks), in)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// That versions have no order is said where it matters: to whom boxes listen, unless he gives one, or a time.
func TestUnorderedVersions(t *testing.T) {
	for name, tt := range map[string]struct {
		text  string
		epoch time.Time
		want  int
	}{
		"of no time":     {box + signed + checks, Undated, 1},
		"of a time":      {box + signed + checks, Undated.Add(time.Second), 0},
		"of its own":     {"version = \"1\"\n" + box + signed + checks, Undated, 0},
		"of no interest": {box + checks, Undated, 0},
	} {
		in := inputs(t)
		in.Epoch = tt.epoch
		p, err := Make(load(t, tt.text), in)
		if err != nil {
			t.Fatal(err)
		}
		if notes := p.Notes(); len(notes) != tt.want {
			t.Errorf("%s: %q", name, notes)
		}
	}
}
