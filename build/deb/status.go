package deb

import (
	"bufio"
	"os"
	"os/exec"
	"time"
)

// statusPipe is where apt writes about its progress.
type statusPipe struct {
	read, write *os.File
	done        chan struct{}
}

// pipeStatus gives cmd a pipe as descriptor 3 and has see called with each line.
func pipeStatus(cmd *exec.Cmd, see func(line string)) (*statusPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{w}
	p := &statusPipe{r, w, make(chan struct{})}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			see(lines.Text())
		}
	}()
	return p, nil
}

// started closes our end for writing, without which the reader never sees an end.
func (p *statusPipe) started() { p.write.Close() }

// ended waits for the last line.
func (p *statusPipe) ended() {
	// A grandchild that outlives apt, with the pipe open, must not keep us here.
	if err := p.read.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		p.read.Close()
	}
	<-p.done
	p.read.Close()
}
