package oci

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry"
)

// scheme begins references to registries.
const scheme = "oci://"

// accepted ends what is said of a reference that is none.
const accepted = "accepted: oci://REGISTRY/REPOSITORY:TAG, with @sha256:… if it is to be that one; or a path: DIRECTORY:TAG of an OCI layout, or FILE.tar"

// Reference says where an image is to be had: in a registry, or, where Registry is empty, in a file or folder.
type Reference struct {
	// Text is what the profile says.
	Text string
	// Registry is a host, with its port if it says one; Repository is in it, and Tag and Digest are in that. Without both, Tag is latest.
	Registry, Repository, Tag, Digest string
}

// Parse reads a reference. What has no scheme is a path, which is not looked for here. The error says what is accepted.
func Parse(text string) (Reference, error) {
	rest, remote := strings.CutPrefix(text, scheme)
	if other, after, ok := strings.Cut(text, "://"); ok && !remote {
		return Reference{}, fmt.Errorf("%q begins with %s://; accepted: %s%s", text, other, scheme, after)
	}
	if text == "" {
		return Reference{}, errors.New("is empty; " + accepted)
	}
	for _, kind := range []string{"oci-archive:", "docker-archive:"} { // skopeo's words for them
		if path, ok := strings.CutPrefix(text, kind); ok {
			return Reference{}, fmt.Errorf("%q begins with %s, which a file says itself; accepted: %s", text, kind, path)
		}
	}
	if strings.ContainsAny(text, "\x00\n") {
		return Reference{}, fmt.Errorf("%q has a character that no name has; %s", text, accepted)
	}
	if !remote {
		return Reference{Text: text}, nil
	}
	r := Reference{Text: text}
	name, sum, pinned := strings.Cut(rest, "@")
	r.Digest = sum
	if at := strings.LastIndexByte(name, ':'); at > strings.IndexByte(name, '/') {
		name, r.Tag = name[:at], name[at+1:]
		if err := (registry.Reference{Reference: r.Tag}).ValidateReferenceAsTag(); err != nil {
			return Reference{}, fmt.Errorf("%q: %q is no tag; accepted: letters, digits, dots, hyphens and underscores, 128 at most", text, r.Tag)
		}
	} else if !pinned {
		r.Tag = "latest"
	}
	if pinned && (digest.Digest(sum).Validate() != nil || !strings.HasPrefix(sum, "sha256:")) {
		return Reference{}, fmt.Errorf("%q: %q is no digest; accepted: sha256: and 64 hexadecimal digits", text, sum)
	}
	var err error
	if r.Registry, r.Repository, err = split(name); err != nil {
		return Reference{}, fmt.Errorf("%q: %w; %s", text, err, accepted)
	}
	return r, nil
}

func split(name string) (host, repository string, err error) {
	host, repository, _ = strings.Cut(name, "/")
	r := registry.Reference{Registry: host, Repository: repository}
	switch {
	case r.ValidateRegistry() != nil:
		return "", "", fmt.Errorf("%q is no registry", host)
	case repository == "":
		return "", "", errors.New("it names no repository in the registry")
	case r.ValidateRepository() != nil:
		return "", "", fmt.Errorf("%q is no repository: these are in lower case", repository)
	}
	return host, repository, nil
}

// dockers is the reference of what looks like one that docker takes: there docker.io goes without saying, and what it
// keeps in library/. It is empty for what looks like a path.
func dockers(text string) string {
	host, rest, ok := strings.Cut(text, "/")
	full := text
	switch {
	case strings.HasPrefix(text, ".") || strings.Contains(text, ".tar"):
		return ""
	case !ok:
		full = "docker.io/library/" + text
	case !strings.ContainsAny(host, ".:") && host != "localhost" || rest == "":
		full = "docker.io/" + text
	}
	if r, err := Parse(scheme + full); err != nil || r.Registry == "" {
		return ""
	}
	return scheme + full
}

// Name is what an image is called without its registry: the last part of its repository or path.
func (r Reference) Name() string {
	if r.Repository != "" {
		return path.Base(r.Repository)
	}
	name, _, _ := strings.Cut(path.Base(r.Text), ":")
	return strings.TrimSuffix(name, ".tar")
}

// RepositoryURL is the repository as package URLs have it; empty for a file or folder.
func (r Reference) RepositoryURL() string {
	if r.Registry == "" {
		return ""
	}
	return r.Registry + "/" + r.Repository
}
