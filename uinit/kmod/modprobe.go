package kmod

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Modprobe is modprobe(8) as far as the kernel (modprobe -q -- NAME, kernel/kmod.c)
// and people at a console use it: [-q] [-v] NAME [PARAMETER=VALUE]…, -a NAME…, -r NAME….
// It returns the exit status.
func Modprobe(x *Index, c Config, k Kernel, args []string, stderr io.Writer) int {
	var quiet, all, remove bool
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag := args[0]
		args = args[1:]
		if flag == "--" {
			break
		}
		switch flag {
		case "-q", "--quiet":
			quiet = true
		case "-a", "--all":
			all = true
		case "-r", "--remove":
			remove = true
		case "-v", "--verbose", "-s", "--syslog", "-b", "--use-blacklist":
		default:
			if strings.Trim(flag[1:], "qarvsb") != "" {
				fmt.Fprintf(stderr, "modprobe: %s is not known; usage: modprobe [-q] NAME [PARAMETER=VALUE]... | -a NAME... | -r NAME...\n", flag)
				return 2
			}
			quiet = quiet || strings.Contains(flag, "q")
			all = all || strings.Contains(flag, "a")
			remove = remove || strings.Contains(flag, "r")
		}
	}
	if len(args) == 0 {
		fmt.Fprintln(stderr, "modprobe: no module named")
		return 2
	}
	if !all && !remove {
		c = c.with(args[0], args[1:])
		args = args[:1]
	}
	loader := NewLoader(x, c, k)
	status := 0
	for _, name := range args {
		act := loader.Load
		if remove {
			act = loader.Unload
		}
		if err := act(name); err != nil {
			status = 1
			if !quiet || !errors.Is(err, ErrNotFound) {
				fmt.Fprintln(stderr, "modprobe:", err)
			}
		}
	}
	return status
}

// with returns a configuration that gives one module more parameters.
func (c Config) with(name string, parameters []string) Config {
	name = normal(name)
	all := map[string]string{}
	for k, v := range c.Parameters {
		all[k] = v
	}
	all[name] = strings.TrimSpace(all[name] + " " + strings.Join(parameters, " "))
	c.Parameters = all
	return c
}
