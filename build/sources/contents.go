package sources

import (
	"crypto/x509"
	"strings"

	"github.com/imgbuild/imgbuild/build/plan"
	"github.com/imgbuild/imgbuild/build/tree"
	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/profile"
	"github.com/imgbuild/imgbuild/internal/spec"
	"github.com/imgbuild/imgbuild/uinit/graph"
)

// longestRead bounds files that are looked into: certificates of all authorities that there are have less than a megabyte.
const longestRead = 4 << 20

// checkContents looks into files of overlays that the box reads, and of which it would say at boot that they are something else. What
// is in them is not shown: they may be secrets.
func checkContents(p *profile.Profile, overlays []plan.Overlay, open tree.Opener) profile.Problems {
	files := byPath(overlays)
	j := p.Judge().Of("image.overlays")
	holds := func(key, name, what, accepted string, fits func(text []byte) bool) {
		f, ok := files[plan.MergedUsr(name)]
		if !ok || !f.Mode.IsRegular() || f.Size > longestRead {
			return
		}
		if text, err := open.Read(f); err == nil && !fits(text) {
			j.Bad(key, "%s of overlay %q holds no %s; accepted: %s", name, f.From.Name, what, accepted)
		}
	}
	holds("log.ca", p.Log.CA, "certificate", "certificates in PEM, which begin with -----BEGIN CERTIFICATE-----", func(text []byte) bool {
		return x509.NewCertPool().AppendCertsFromPEM(text)
	})
	isKey := func(text []byte) bool {
		return new(spec.WireGuardKey).UnmarshalText([]byte(strings.TrimSpace(string(text)))) == nil
	}
	for _, name := range graph.Names(p.WireGuard) {
		w, key := p.WireGuard[name], problem.JoinKey("wireguard", name)
		holds(key+".private_key_file", w.PrivateKeyFile.File, "key", `what "wg genkey" prints`, isKey)
		for _, peer := range graph.Names(w.Peer) {
			holds(problem.JoinKey(key+".peer", peer)+".preshared_key_file", w.Peer[peer].PresharedKeyFile.File, "key", `what "wg genpsk" prints`, isKey)
		}
	}
	return j.Found()
}

// byPath are the files of overlays by their absolute paths, /usr merged: of several the one that is laid last.
func byPath(overlays []plan.Overlay) map[string]tree.File {
	files := map[string]tree.File{}
	for _, o := range overlays {
		for _, f := range o.Files {
			files[plan.MergedUsr("/"+f.Path)] = f
		}
	}
	return files
}
