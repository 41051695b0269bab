// Package oci takes container images apart: out of registries, layouts (https://github.com/opencontainers/image-spec) and archives of
// docker, a layer at a time into a squashfs that overlayfs takes as a lower directory. Images are of anyone's making. Nothing of one
// is ever laid out as files: names are judged in an index, and the content goes from one archive into another.
package oci
