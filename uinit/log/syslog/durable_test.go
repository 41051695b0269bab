package syslog

import (
	"testing"

	"github.com/imgbuild/imgbuild/internal/traced"
)

// What is spooled is what a power cut would take.
func TestSpoolIsOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	rows := traced.Of(t, dir, func() {
		s, err := OpenSpool(dir, 1<<20)
		if err == nil {
			_, err = s.write([][]byte{[]byte("message")}, 0)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if err := traced.Durable(rows, "*-1"+segmentSuffix, true); err != nil {
		t.Error(err)
	}
}
