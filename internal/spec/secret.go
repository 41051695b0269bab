package spec

import "encoding"

// Source is where a box finds a secret that its image does not hold: one of its keys is given.
type Source struct {
	// A file that holds it and nothing else, root's and of mode 0600.
	File string `json:"file,omitempty" zero:"refused"`
	// The name under which the host of a virtual machine hands it over, such as opt/org.example/hash (QEMU's -fw_cfg).
	FWCfg string `json:"fw_cfg,omitempty" zero:"refused"`
	// The box makes it, and keeps it below state.path.
	Generate bool `json:"generate,omitempty" zero:"refused"`
}

// Place is the source in a word or two, "" for none.
func (s Source) Place() string {
	if s.FWCfg != "" {
		return "fw_cfg " + s.FWCfg
	}
	return s.File
}

// FromText takes what is written as a string: the path of a file.
func (s *Source) FromText(b []byte) error {
	*s = Source{File: string(b)}
	return nil
}

// Table is for what is written as a table in its place.
func (s *Source) Table() any {
	*s = Source{}
	return s
}

// Secret is a secret: its value, which the image then holds, or where the box finds it. In a profile the first is a string, the second
// a table.
type Secret[T ~string] struct {
	Value T `json:"value,omitempty"`
	Source
}

// Secret marks values that no output shows.
func (Secret[T]) Secret() {}

// Given says that there is one, here or elsewhere.
func (s Secret[T]) Given() bool { return s != Secret[T]{} }

// Parts are the value and the source, of which one at most is given.
func (s Secret[T]) Parts() (value string, from Source) { return string(s.Value), s.Source }

// FromText takes what is written as a string: the value.
func (s *Secret[T]) FromText(b []byte) error {
	*s = Secret[T]{}
	return any(&s.Value).(encoding.TextUnmarshaler).UnmarshalText(b)
}

// Table is for what is written as a table in its place.
func (s *Secret[T]) Table() any {
	*s = Secret[T]{}
	return &s.Source
}

// SecretHash is a password hash; or where it is found, `{ file = "/state/hash" }` or `{ fw_cfg = "opt/org.example/hash" }`.
type SecretHash = Secret[PasswordHash]

// SecretNTHash is an NT hash; or where it is found, `{ file = "/state/hash" }` or `{ fw_cfg = "opt/org.example/hash" }`.
type SecretNTHash = Secret[NTHash]

// SecretFile is the path of a file; or `{ fw_cfg = "opt/org.example/key" }` for what the host of a virtual machine hands over.
type SecretFile = Source

// SecretKey is the path of a file; or `{ generate = true }` for one below state.path, or `{ fw_cfg = "opt/org.example/key" }` for what
// the host of a virtual machine hands over.
type SecretKey = Source
