package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/imgbuild/imgbuild/internal/problem"
	"github.com/imgbuild/imgbuild/internal/spec"
)

// Accounts that would be another's, and homes that others need.
func TestCheckAccounts(t *testing.T) {
	uid := func(n uint32) spec.User { return spec.User{UID: &n} }
	home := func(dir string) spec.User { return spec.User{Home: dir} }
	for _, c := range []struct {
		users map[string]spec.User
		want  string // the beginning of what is found; "" for nothing
	}{
		{map[string]spec.User{"root": home("/root"), "ada": {}, "bob": home("/srv/bob"), "eve": uid(65533), "zoe": uid(1 << 20)}, ""},
		{map[string]spec.User{"ada": uid(65534)}, "user.ada.uid: 65534 belongs to nobody"},
		{map[string]spec.User{"ada": uid(1 << 16)}, "user.ada.uid: 65536 belongs to nobody, to guests"},
		{map[string]spec.User{"ada": uid(1<<17 + 3)}, "user.ada.uid: 131075 belongs to"},
		{map[string]spec.User{"ada": uid(1<<31 - 1)}, ""},
		{map[string]spec.User{"ada": uid(1 << 31)}, "user.ada.uid: 2147483648 belongs to nobody, to guests or to programs"},
		{map[string]spec.User{"ada": uid(1<<32 - 1)}, "user.ada.uid: 4294967295 belongs to"},
		{map[string]spec.User{"ada": uid(6)}, "user.ada.uid: 6 is the number of the group disk"},
		{map[string]spec.User{"disk": {}}, "user.disk: is a group that every image has"},
		{map[string]spec.User{"nobody": {}}, "user.nobody: is an account that every image has"},
		{map[string]spec.User{"ada": home("/etc")}, "user.ada.home: /etc is a directory that all need"},
		{map[string]spec.User{"ada": home("/bin")}, "user.ada.home: /bin is a directory that all need"},
		{map[string]spec.User{"ada": home("/")}, "user.ada.home: / is a directory that all need"},
		{map[string]spec.User{"ada": home("/root")}, "user.ada.home: /root is a directory that all need"},
		{map[string]spec.User{"ada": home("/srv/x"), "bob": home("/srv/x/")}, "user.bob.home: /srv/x/ is the home of ada already"},
		{map[string]spec.User{"ada": home("/home/bob"), "bob": {}}, "user.ada.home: /home/bob is the home of bob already"},
		{map[string]spec.User{"ada": home("/home/bob"), "bob": home("/srv/bob")}, ""},
	} {
		j := problem.NewJudge(func(string) problem.Pos { return problem.Pos{} }, problem.Doubts{})
		CheckAccounts(j, c.users)
		var found []string
		for _, p := range j.Found() {
			found = append(found, p.Key+": "+p.Msg)
		}
		if (c.want == "") != (len(found) == 0) || !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, c.want) }) && c.want != "" || len(found) > 1 {
			t.Errorf("%v: %q, want %q", c.users, found, c.want)
		}
	}
}

// The numbers that are kept from profiles are those that images and the init use.
func TestReservedNumbers(t *testing.T) {
	for _, a := range accounts(nil) {
		if a.name != "root" && !spec.ReservedUID(a.uid) {
			t.Errorf("%s has %d, which a profile could give away", a.name, a.uid)
		}
	}
}
