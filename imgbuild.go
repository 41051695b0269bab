// Package imgbuild holds the module's own go.mod and go.sum, so that an
// installed imgbuild can rebuild its Go programs in any folder from exactly
// the module versions that it was itself built and tested with, and source that these programs share.
package imgbuild

import "embed"

// Module is the module's path.
const Module = "github.com/imgbuild/imgbuild"

// GoMod is the module's go.mod (https://go.dev/ref/mod#go-mod-file).
//
//go:embed go.mod
var GoMod []byte

// GoSum is the module's go.sum: the hashes of every module GoMod can lead to.
//
//go:embed go.sum
var GoSum []byte

// Shared are packages of this module that commands of the busybox import, by their paths in the module. The
// busybox is compiled from source that is generated outside of it.
//
//go:embed internal/bounded/*.go internal/cgroup/*.go internal/check/*.go internal/colour/*.go internal/defaults/*.go internal/fact/*.go internal/strangers/*.go internal/oom/*.go internal/passwd/*.go internal/report/*.go internal/seccomp/*.go internal/shown/*.go internal/slot/*.go internal/spec/*.go
var Shared embed.FS

// License is the licence of this module, of which every image has the init.
//
//go:embed LICENSE
var License []byte
