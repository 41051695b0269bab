package rules

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imgbuild/imgbuild/build/nft"
	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/segments"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Where rules are tried nobody else reads the image's secrets, and nft finds rules that are closed themselves.
func TestRulesRoomIsClosed(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	const secret = "correct horse battery staple"
	overlay := func(path string, mode fs.FileMode) tree.File {
		return tree.File{Path: path, Mode: mode, Size: int64(len(secret)), From: tree.Source{Store: "overlay", Name: "site", Path: path}}
	}
	image := Image{
		Profile: &profile.Profile{Machine: spec.Machine{Firewall: &spec.Firewall{Rules: "/etc/nftables.nft"}}},
		Plan: &plan.Plan{Files: []tree.File{
			{Path: "etc/shadow", Mode: 0o600, Body: []byte(secret)},
			{Path: "etc/services", Mode: 0o644, Body: []byte("ssh 22/tcp\n")},
			overlay("etc/nftables.nft", 0o600), overlay("etc/tool", 0o755), overlay("etc/unreadable", 0),
		}},
		Packer: segments.Packer{Open: func(tree.File) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(secret)), nil }},
	}
	got := map[string]fs.FileMode{}
	trial := Trial{Here: func(_ context.Context, root, rules string) ([]nft.Message, error) {
		if rules != "/etc/nftables.nft" {
			t.Errorf("rules of %s", rules)
		}
		return nil, filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Stat(at)
			if rel, _ := filepath.Rel(root, at); err == nil && (rel == "." || !d.IsDir()) {
				got[rel] = info.Mode()
			}
			return err
		})
	}}
	if _, err := trial.here(t.Context(), image); err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{".": fs.ModeDir | 0o700, "etc/services": 0o644, "etc/nftables.nft": 0o600, "etc/tool": 0o755, "etc/unreadable": 0o400}
	for at := range want {
		if got[at] != want[at] {
			t.Errorf("%s is %v, want %v", at, got[at], want[at])
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are %v", got)
	}
}
