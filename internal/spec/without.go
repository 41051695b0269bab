package spec

// Parts are build tags of uinit, and whether a machine uses what they leave out.
var Parts = map[string]func(*Description) bool{
	"nofirewall": func(m *Description) bool { return m.Firewall != nil },
	"nonflog":    func(m *Description) bool { return m.Firewall != nil && len(m.Firewall.Log.Groups) > 0 },
}
