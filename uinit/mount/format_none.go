//go:build nodisk

package mount

import (
	"context"
	"errors"
)

func (m *Mount) format(context.Context, string) error {
	return errors.New("this uinit was built without making file systems (nodisk)")
}
