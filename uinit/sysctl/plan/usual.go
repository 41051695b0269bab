package plan

import "github.com/imgbuild/imgbuild/internal/spec"

// Usual is a setting that is made where the profile says nothing of it.
type Usual struct {
	// Keys are names of the setting, in the order in which kernels are asked for them; one that has none goes without.
	Keys  []string
	Value string
}

// usual keep from ordinary accounts and from services what helps only who attacks the kernel (Documentation/admin-guide/sysctl/kernel.rst,
// Documentation/admin-guide/LSM/Yama.rst).
var usual = []Usual{
	{[]string{"kernel.kptr_restrict"}, "1"},
	{[]string{"kernel.dmesg_restrict"}, "1"},
	{[]string{"kernel.yama.ptrace_scope"}, "1"},
	// Debian's kernels let root have user namespaces all the same.
	{[]string{"kernel.unprivileged_userns_clone", "user.max_user_namespaces"}, "0"},
}

// Usuals are those of which a profile says nothing.
func Usuals(m *spec.Machine) (left []Usual) {
	said := map[string]bool{}
	for key := range m.Sysctl {
		said[File(key)] = true
	}
	for _, u := range usual {
		given := false
		for _, key := range u.Keys {
			given = given || said[File(key)]
		}
		if !given {
			left = append(left, u)
		}
	}
	return left
}
