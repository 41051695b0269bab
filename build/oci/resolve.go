package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"oras.land/oras-go/v2/registry/remote"
)

// answer is what a registry said that a tag means.
type answer struct {
	Digest string
	At     time.Time
}

const (
	// resolveAge is for how long the answer of a registry is trusted.
	resolveAge = 24 * time.Hour
	// patience is how long a registry may take whose last answer will do; apt's mirror has as long.
	patience = 20 * time.Second
)

// resolve asks what a tag means, once a day. Where the registry does not answer, its last answer will do, which is said.
func (r Registries) resolve(ctx context.Context, ref Reference, repository *remote.Repository) (string, error) {
	sum := sha256.Sum256([]byte(ref.Text))
	note := "oci-" + hex.EncodeToString(sum[:16])
	var old answer
	known := json.Unmarshal(r.Cache.Note(note), &old) == nil && valid(descriptor(old.Digest)) == nil
	if known && !r.Refresh && time.Since(old.At).Abs() < resolveAge {
		return old.Digest, nil
	}
	asking := ctx
	if known {
		var end context.CancelFunc
		asking, end = context.WithTimeout(ctx, patience)
		defer end()
	}
	d, err := repository.Resolve(asking, ref.Tag)
	if err == nil {
		err = valid(d)
	}
	if err != nil {
		if !known || ctx.Err() != nil {
			return "", explain(ref, err)
		}
		r.Progress.Note("using what %s was on %s: %v", ref.Text, old.At.Local().Format(time.DateTime), err)
		return old.Digest, nil
	}
	text, err := json.Marshal(answer{string(d.Digest), time.Now()})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	// Without a place for notes the registry is asked each time.
	_ = r.Cache.SetNote(note, text)
	return string(d.Digest), nil
}
