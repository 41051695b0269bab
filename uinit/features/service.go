package features

import "github.com/imgbuild/imgbuild/uinit/service"

func init() { add(service.Linked) }
