package spec

// Service is a program that uinit starts and keeps running.
type Service struct {
	// Program and its arguments; the program's path is absolute.
	Command []string `json:"command"`
	// Account to run as.
	User string `json:"user,omitempty" default:"root"`
	// Variables added to the environment.
	Environment map[string]string `json:"environment,omitempty"`
	// What must be there first: online:LINK, link:LINK, mount:PATH, service:NAME,
	// modules, network, clock (set by most of the time servers), entropy (the random pool
	// is ready).
	Needs []string `json:"needs,omitempty"`
	// When to start it again after it ends.
	Restart Restart `json:"restart,omitempty" default:"on-failure"`
	// Pause before the first restart; it doubles with each one up to restart_max.
	RestartDelay Duration `json:"restart_delay,omitempty" default:"1s"`
	// Longest pause between two starts.
	RestartMax Duration `json:"restart_max,omitempty" default:"1m"`
	// Signal that asks it to end.
	StopSignal Signal `json:"stop_signal,omitempty" default:"TERM"`
	// How long it may take to end before it is killed.
	StopTimeout Duration `json:"stop_timeout,omitempty" default:"5s"`
}
