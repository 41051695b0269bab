package spec

// Watchdog restarts a box that hangs: hardware does it, or the kernel where there is none, unless uinit
// shows in time that it is well. A worker of uinit that crashes and does
// not come again in that time counts as hanging. Nothing is watched without this table.
type Watchdog struct {
	// How long uinit may show no sign of life.
	Timeout Duration `json:"timeout,omitempty" default:"60s" accept:"5s to 10m"`
}
