package notices

import (
	"context"
	"path"
	"strings"

	"github.com/imgbuild/imgbuild/build/oci"
	"github.com/imgbuild/imgbuild/build/sbom"
)

// Images are the container images among an image's parts, each once.
func (f Finder) Images(packed []oci.Packed) (all []Material) {
	seen := map[string]bool{}
	for _, p := range packed {
		if seen[p.Is.Digest] {
			continue
		}
		seen[p.Is.Digest] = true
		ref, sum := p.Image.Reference, strings.TrimPrefix(p.Is.Digest, "sha256:")
		all = append(all, Material{
			Part: sbom.Part{Name: ref.Name(), Version: p.Is.Digest, Role: sbom.Contained, Purpose: sbom.Container, SHA256: sum,
				PURL: sbom.OCIPURL(ref.Name(), p.Is.Digest, ref.RepositoryURL(), ref.Tag), Source: "container image " + p.Is.Reference},
			Dir: path.Join("images", ref.Name()+"@"+sum[:12]),
			Find: func(ctx context.Context) (Notice, error) {
				return f.keep(ctx, key("image", p.Is.Digest), func(context.Context) (n Notice, err error) {
					n.Notice, err = p.Licence()
					return n, err
				})
			}})
	}
	return all
}
