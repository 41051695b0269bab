package deb

import (
	"encoding/json"
	"os"

	"github.com/imgbuild/imgbuild/build/cache"
)

// Names are those of packages in a cache, with their versions, by the keys of entries that hold them. It is for people to read: what apt
// chose is read as it lies there, and counts as used no later for that.
func Names(store *cache.Cache) map[string]string {
	names := map[string]string{}
	items, _ := store.List() // whose error who lists them sees as well
	for _, item := range items {
		if item.Kind != kindResolution {
			continue
		}
		text, err := os.ReadFile(store.Path(item.Kind, item.Key, "packages.json"))
		var chosen resolution
		if err != nil || json.Unmarshal(text, &chosen) != nil {
			continue
		}
		for _, p := range chosen.Packages {
			names[p.SHA256] = p.Name + " " + p.Version
		}
	}
	return names
}
