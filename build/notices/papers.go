package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"

	"github.com/imgbuild/imgbuild/build/sbom"
)

// Material is a part of an image, and how to find what it says of its licence.
type Material struct {
	sbom.Part
	// Dir is where that lies among those of other parts.
	Dir  string
	Find func(context.Context) (Notice, error)
}

// Papers say what an image is made of, and under which licences.
type Papers struct {
	// SBOM is a document of SPDX, Licences an archive of the texts.
	SBOM, Licences []byte
}

// kindPapers is the cache's kind of papers; papersForm changes with what is made of the same parts.
const (
	kindPapers = "papers"
	papersForm = "2"
)

// What papers are called, after the name of their image.
const (
	SBOMFile     = ".sbom.spdx.json"
	LicencesFile = ".licenses.tar.zst"
)

// Papers follow from an image's parts, besides which m says what it is: where these are as they were, the papers are in the cache. The
// version, which any change of a file gives another, is put in last.
func (f Finder) Papers(ctx context.Context, m sbom.Image, parts []Material) (Papers, error) {
	version := m.Version
	m.Version = sbom.AnyVersion
	p, err := f.papers(ctx, m, parts)
	p.SBOM = sbom.WithVersion(p.SBOM, version)
	return p, err
}

func (f Finder) papers(ctx context.Context, m sbom.Image, parts []Material) (p Papers, err error) {
	for _, part := range parts {
		m.Parts = append(m.Parts, part.Part)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	sum := sha256.Sum256(append(text, papersForm...))
	key := hex.EncodeToString(sum[:])
	if c, ok := f.Cache.Lookup(kindPapers, key); ok {
		if p.SBOM, err = c.Read(SBOMFile); err == nil {
			p.Licences, err = c.Read(LicencesFile)
		}
		return p, err
	}
	p, whole, err := f.describe(ctx, m, parts)
	if err != nil || !whole {
		return p, err
	}
	_, err = f.Cache.Entry(ctx, kindPapers, key, func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, SBOMFile), p.SBOM, 0o644), os.WriteFile(filepath.Join(dir, LicencesFile), p.Licences, 0o644))
	})
	return p, err
}

// describe finds what all parts say. Where that cannot be found the image is as good as it was: it is said, and whole is false.
func (f Finder) describe(ctx context.Context, m sbom.Image, parts []Material) (p Papers, whole bool, err error) {
	step := f.Progress.Step("reading licences", 0)
	defer func() { step.Done(err) }()
	whole = true
	var files []File
	for i, part := range parts {
		n, err := part.Find(ctx)
		if ctx.Err() != nil {
			return Papers{}, false, ctx.Err()
		}
		if err != nil {
			if whole {
				f.Progress.Note("warning: not all licences are known, and the SBOM says NOASSERTION of these: %v", err)
			}
			whole = false
			continue
		}
		m.Parts[i] = part.says(n)
		for _, text := range n.Files {
			files = append(files, File{Path: path.Join(part.Dir, text.Name), Body: text.Body})
		}
	}
	p.SBOM = sbom.Write(m)
	p.Licences, err = Archive(append(files, Common(files)...), m.Created)
	return p, whole, err
}

// says adds to a part what was found.
func (m Material) says(n Notice) sbom.Part {
	p := m.Part
	p.Licence, p.Texts, p.Copyright = n.Licence, n.Texts, n.Copyright
	if n.Source != "" {
		p.Source += ", built from source package " + n.Source + " " + n.SourceVersion
		p.PURL += sbom.Upstream(n.Source, n.SourceVersion)
	}
	return p
}
