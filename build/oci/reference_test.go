package oci

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	sum := "sha256:" + strings.Repeat("0a", 32)
	for text, want := range map[string]Reference{
		"oci://docker.io/library/nginx:1.25":  {Registry: "docker.io", Repository: "library/nginx", Tag: "1.25"},
		"oci://docker.io/library/nginx":       {Registry: "docker.io", Repository: "library/nginx", Tag: "latest"},
		"oci://127.0.0.1:5000/a@" + sum:       {Registry: "127.0.0.1:5000", Repository: "a", Digest: sum},
		"oci://[::1]:5000/a/b:x@" + sum:       {Registry: "[::1]:5000", Repository: "a/b", Tag: "x", Digest: sum},
		"oci://registry.example:5000/a:1_2.x": {Registry: "registry.example:5000", Repository: "a", Tag: "1_2.x"},
		"images/web:1":                        {}, "web.tar:docker.io/library/nginx:1": {}, "nginx:1.25": {}, "/srv/web": {},
	} {
		want.Text = text
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                         "is empty; accepted: oci://REGISTRY/REPOSITORY:TAG",
		"docker://a.example/b:1":   "begins with docker://; accepted: oci://a.example/b:1",
		"docker-archive:web.tar:a": "begins with docker-archive:, which a file says itself; accepted: web.tar:a",
		"https://a.example/b:1":    "begins with https://; accepted: oci://a.example/b:1",
		"oci://a.example":          "it names no repository in the registry; accepted: oci://",
		"oci:///b":                 `"" is no registry`,
		"oci://a.example/B:1":      `"B" is no repository: these are in lower case`,
		"oci://a.example/../b":     `"../b" is no repository`,
		"oci://a.example/b:":       `"" is no tag; accepted: letters`,
		"oci://a.example/b:1/2":    `"1/2" is no tag`,
		"oci://a.example/b:-1":     `"-1" is no tag`,
		"oci://a.example/b@sha256": `"sha256" is no digest; accepted: sha256: and 64 hexadecimal digits`,
		"oci://a.example/b@md5:d41d8cd98f00b204e9800998ecf8427e": "is no digest",
		"oci://a.example/b@" + sum + "0":                         "is no digest",
		"oci://user@a.example/b":                                 "is no digest",
		"a\x00b":                                                 "has a character that no name has",
	} {
		_, err := Parse(text)
		says(t, err, want)
	}
}

// Of what a path with colons can mean, the longest that is there counts; what docker would take gets told its whole name.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"web", "web:1", "web.tar"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	abs := func(name string) string { return filepath.Join(dir, name) }
	for text, want := range map[string]Place{
		"web": {"web", ""}, "web:2": {"web", "2"}, "web:1": {"web:1", ""}, "web:1:2": {"web:1", "2"}, "web.tar:docker.io/a/b:1": {"web.tar", "docker.io/a/b:1"},
	} {
		want.Path = abs(want.Path)
		if got, err := (Reference{Text: text}).Find(abs); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"nginx":             "accepted: a path, or oci://docker.io/library/nginx for",
		"nginx:1.25":        "or oci://docker.io/library/nginx:1.25 for the image of a registry",
		"grafana/loki:3":    "or oci://docker.io/grafana/loki:3 for",
		"quay.io/a/b":       "or oci://quay.io/a/b for",
		"localhost:5000/a":  "or oci://localhost:5000/a for",
		"./nginx:1.25":      "; accepted: oci://REGISTRY/REPOSITORY:TAG",
		"images/other.tar":  "; accepted: oci://REGISTRY",
		"images/With Space": "; accepted: oci://REGISTRY",
	} {
		_, err := (Reference{Text: text}).Find(abs)
		says(t, err, want)
		says(t, err, "there is no file or folder")
	}
}
