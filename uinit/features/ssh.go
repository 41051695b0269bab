package features

import "github.com/imgbuild/imgbuild/uinit/ssh"

func init() { add(ssh.Linked) }
