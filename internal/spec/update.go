package spec

// Update says whose new versions a box takes, and when. A version is written to the slot of the disk that does not run, is tried once the
// box starts again, and counts as good when the checks with on_box = true have passed there. When they don't, or it does not come up, the
// box goes back by itself (docs/update.md).
type Update struct {
	// Public keys of SSH, one in each string as in authorized_keys, of whom one must have signed a version ("imgbuild sign", or
	// "ssh-keygen -Y sign"). A version brings its own: that is how keys are changed.
	Keys []string `json:"keys" secret:"by mistake"`
	// Where the newest version is: https://HOST/PATH/NAME.update, with NAME.update.sig beside it. Without one nothing is asked for, and
	// "uinitctl update apply" takes a file or an address.
	Source string `json:"source,omitempty" zero:"refused"`
	// Certificates that the source's server is to be known by, as a PEM file in the image. Without one they are those of the package
	// ca-certificates, where the image has it.
	CA string `json:"ca,omitempty" image:"file"`
	// What becomes of a newer version: "apply" writes it and starts it in the window, "download" writes it for whenever
	// the box is started again, "off" only says that it is there.
	Auto string `json:"auto,omitempty" default:"off" accept:"apply, download or off"`
	// How often the source is asked. Each box adds up to a quarter by chance, so that not all come at once.
	Interval Duration `json:"interval,omitempty" default:"6h" accept:"1m or more"`
	// When a new version may be started by itself, by the machine's clock, which is UTC: "02:00-04:30". By default at any time.
	Window string `json:"window,omitempty" zero:"refused"`
	// The oldest version that may be followed by this one, where a box has to take another one in between. By default any.
	MinimumVersion string `json:"minimum_version,omitempty" zero:"refused"`
	// How often a version is started that never says a word, before the box goes back: power cuts count as well.
	Tries int `json:"tries,omitempty" default:"3" accept:"1 to 9"`
}

// What becomes of a newer version (Update.Auto).
const (
	UpdateApply    = "apply"
	UpdateDownload = "download"
	UpdateOff      = "off"
)

// Slots names the partitions of the image's disk that hold its versions. The builder, which gave them their GUIDs, fills it in: no other
// disk is meant.
type Slots struct {
	// Record, A and B are GUIDs, in lower case.
	Record string `json:"record"`
	A      string `json:"a"`
	B      string `json:"b"`
}
