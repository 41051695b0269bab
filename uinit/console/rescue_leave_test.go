package console

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Leaving the shell on one console ends the others, also those where the password is still asked for.
func TestRescueLeft(t *testing.T) {
	asRoot(t)
	for name, shadow := range map[string]string{"password": "root:" + sesame + ":::::::\n", "no password": "root:!:::::::\n"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "shadow"), []byte(shadow), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := json.Marshal(scene{dir, [5]time.Duration{quick.refresh, quick.calm, quick.typing, quick.failure, quick.worst}})
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("SCENE", string(s))
			serial, screen := newPTY(t), newPTY(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			left := make(chan bool, 1)
			go func() {
				left <- rescueOn(ctx, cancel, []string{serial.name, screen.name}, func(n string) gettyResult {
					return runGetty(ctx, n, unguarded("for a test")(), func() []string { return nil })
				})
			}()
			if name == "password" {
				screen.expect("Password of root: ")
				serial.expect("Password of root: ")
				serial.send("wrong\r")
				serial.expect("Password of root: ")
				serial.send("sesame\r")
			}
			serial.expect("# ")
			serial.send("echo $((6*7))\r")
			serial.expect("42")
			serial.send("exit\r")
			select {
			case ok := <-left:
				if !ok {
					t.Error("nobody seems to have been inside")
				}
			case <-time.After(10 * time.Second):
				t.Fatal("the other console still waits")
			}
		})
	}
}
