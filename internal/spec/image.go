package spec

// ImageDir is where the container images of a machine lie: descriptions, and layers in a folder of their own.
const ImageDir = "/var/lib/containers"

// ImageFile is where the builder puts the description of what NAME wants.
func ImageFile(name string) string { return ImageDir + "/" + name + ".json" }

// The accounts of an image are numbers of the machine that nobody else has: a range for each, the first one where systemd has
// those of containers, which no Debian gives to people or services (UIDS-GIDS.md of systemd: 524288 to 1879048191).
const (
	FirstOwner uint32 = 0x80000
	// OwnersEach is how many a range has.
	OwnersEach = 65536
)

// ImageWant is a container image that a feature wants in the machine's own image.
type ImageWant struct {
	// Name is that of its description, and of no other want.
	Name string
	// Key is the profile's that asks for it, such as container.web.image, where errors belong.
	Key string
	// Reference is what the profile says there: oci://REGISTRY/REPOSITORY:TAG, or a path.
	Reference string
	// User is who it runs as in place of whom the image names: USER[:GROUP], names or numbers; empty for the image's own.
	User string
	// UserKey is where that stands.
	UserKey string
	// Shifted has the owners of its files shifted into a range of their own; else they stay as they are.
	Shifted bool
	// Why says to a person what it is for.
	Why string
}

// Image is a container image as the machine finds it, in ImageFile of its name.
type Image struct {
	// Reference is the want's; Digest is that of the image's manifest: sha256:….
	Reference, Digest string
	// Layers are its file systems, the lowest first.
	Layers []ImageLayer
	// First is the machine's number of the image's root, and of its group; 0 where owners are not shifted.
	First uint32
	// Entrypoint and Command are the two halves of the command that it runs, Environment what that is given (NAME=VALUE).
	Entrypoint, Command, Environment []string
	// Directory is where it runs, absolute, or empty for the root; StopSignal what ends it: SIGTERM, SIGRTMIN+3, 15, or empty.
	Directory, StopSignal string
	// UID, GID and Groups are who it runs as, by the image's own numbers.
	UID, GID uint32
	Groups   []uint32
}

// ImageLayer is a squashfs. Its folder "root" is a layer as overlayfs takes it: what it takes away of lower ones is a character device 0:0, and
// a folder that hides theirs has trusted.overlay.opaque.
type ImageLayer struct {
	// File is its path in the machine's image.
	File string
	// SHA256 is that of the file, in hex.
	SHA256 string
	// Size of the file in bytes.
	Size int64
}
