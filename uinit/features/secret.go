//go:build !nosecret

package features

import "github.com/imgbuild/imgbuild/uinit/secret"

func init() { add(secret.Linked) }
