package link

import (
	"context"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// over is a manager of a machine over a kernel of the test's, in which it hears no routers; what is sent to changes has it look again.
func over(t *testing.T, k Kernel, machine *spec.Machine) (m *Manager, f *told, changes chan struct{}) {
	t.Helper()
	f, changes = newTold(t), make(chan struct{})
	m = New(t.Context(), machine, f, nil)
	m.kernel, m.resolvConf, m.handFile = k, resolvFile(t), handedFile(t)
	m.watch = func(context.Context) (<-chan struct{}, error) { return changes, nil }
	m.hear = func(context.Context) (<-chan advertised, error) { return nil, nil }
	return m, f, changes
}
