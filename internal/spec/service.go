package spec

// Service is a program that uinit starts and keeps running.
type Service struct {
	// Program and its arguments; the program's path is absolute.
	Command []string `json:"command" image:"program" lines:"several" twice:"fine"`
	// Account to run as.
	User string `json:"user,omitempty" default:"root" zero:"refused"`
	// Variables added to the environment. They are no place for secrets: whoever can read the image reads them, and so does who sees the
	// plan. A password belongs in a file of an overlay that image.modes closes, or on a disk, and its path here.
	Environment map[string]string `json:"environment,omitempty" lines:"several"`
	// What must be there first: online:LINK, link:LINK, mount:PATH, array:NAME, service:NAME,
	// modules, network, time (set by most of the time servers), entropy (the random pool
	// is ready).
	Needs []string `json:"needs,omitempty"`
	// When to start it again after it ends.
	Restart Restart `json:"restart,omitempty" default:"on-failure"`
	// Pause before the first restart; it doubles with each one up to restart_max.
	RestartDelay Duration `json:"restart_delay,omitempty" default:"1s" accept:"1ms or more"`
	// Longest pause between two starts.
	RestartMax Duration `json:"restart_max,omitempty" default:"1m" accept:"1ms or more"`
	// Restarts within restart_window after which it has failed for good; without it there is no limit.
	RestartLimit int `json:"restart_limit,omitempty"`
	// Time over which restarts count for restart_limit.
	RestartWindow Duration `json:"restart_window,omitempty" default:"10m" accept:"1s or more"`
	// When it counts as started; without it, after a second of life.
	Ready Ready `json:"ready,omitzero" zero:"refused"`
	// Most memory that it may use with all its children; when it needs more, the kernel ends it. By default three
	// quarters of what services, guests and accounts may have, which is nearly all.
	Memory Size `json:"memory,omitempty" zero:"refused"`
	// Most processes and threads that it may have at a time, by default a quarter of what the kernel can have.
	PIDs int `json:"pids,omitempty" accept:"1 or more"`
	// Most processor time, as a share: 0.5 is half of one processor, 2 is two of them.
	CPU float64 `json:"cpu,omitempty" zero:"refused"`
	// Parts of the machine that it has for itself (namespaces(7)): mount (what it mounts, and a /tmp
	// that is empty at each start; all have that but those that are unconfined), pid (it sees its own processes only), net (nothing but lo), uts
	// (the host name), ipc (message queues and System V memory).
	Namespaces []Namespace `json:"namespaces,omitempty" accept:"mount, pid, net, uts, ipc" twice:"refused"`
	// Rights of root's that it has, by their names in capabilities(7), without cap_: net_bind_service for a port below 1024, say. By
	// default it has none, whoever it runs as: root without them is an account like others, which owns many files.
	Capabilities []Capability `json:"capabilities,omitempty" accept:"names of capabilities(7), without cap_" twice:"refused"`
	// Places that it can write to, each with what lies in it, where its account may; everything else is read-only to it. A directory below
	// /run that is not there is made, for its account. A device is a place, too: of /dev it has no others than null, zero, full, random,
	// urandom, tty and terminals. It has an empty /tmp for itself, unless "/tmp" stands here. With
	// "/", "/dev" and "/tmp" it has no mounts of its own.
	Writable []string `json:"writable,omitempty" image:"directory" accept:"absolute paths" twice:"refused"`
	// System calls that it can make besides those that servers need (@system-service of systemd.exec(5)), by the groups named there;
	// @known is all that there are.
	SystemCalls []CallGroup `json:"system_calls,omitempty" accept:"@clock, @debug, @module, @mount, @privileged, @raw-io, @reboot, @swap, @known" twice:"refused"`
	// Lets programs that it starts have more rights than itself: setuid ones, and those whose files have capabilities.
	NewPrivileges bool `json:"new_privileges,omitempty"`
	// Takes nothing from it of what its account may do: for a program that doesn't say what it needs. The four keys above then say nothing.
	Unconfined bool `json:"unconfined,omitempty"`
	// Signal that asks it to end.
	StopSignal Signal `json:"stop_signal,omitempty" default:"TERM"`
	// How long it may take to end before it is killed.
	StopTimeout Duration `json:"stop_timeout,omitempty" default:"5s"`
}

// Ready says how a service shows that it does its work; one of port, file and exit.
type Ready struct {
	// TCP port that it listens on.
	Port int `json:"port,omitempty" accept:"1 to 65535"`
	// File that it makes, below /run or where it likes; an absolute path.
	File string `json:"file,omitempty"`
	// It is done when it ends with status 0.
	Exit bool `json:"exit,omitempty"`
	// How long that may take before its unit has failed; the service goes on.
	Timeout Duration `json:"timeout,omitempty" default:"1m" accept:"1ms or more"`
}
