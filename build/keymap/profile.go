package keymap

import (
	"context"
	"errors"

	"github.com/imgbuild/imgbuild/build/deb"
	"github.com/imgbuild/imgbuild/internal/profile"
)

// Of makes the maps that a profile names, by their names. The error is Problems for one that there is not.
func (m Maker) Of(ctx context.Context, p *profile.Profile, packages []deb.Package) (map[string][]byte, error) {
	made := map[string][]byte{}
	for key, name := range p.NamedKeymaps() {
		content, err := m.Map(ctx, string(name), packages)
		if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
			return nil, profile.Problems{{Pos: p.At(key), Key: key, Msg: unknown.Error()}}
		}
		if err != nil {
			return nil, err
		}
		made[string(name)] = content
	}
	return made, nil
}
