package main

import (
	"os"
	"time"

	"golang.org/x/crypto/ssh"
)

// answer takes one question. An error is the end of the connection.
func (m *monitor) answer() error {
	question, err := m.line.receive()
	if err != nil {
		return err
	}
	in := m.entry != nil
	switch kind := question[0]; {
	case kind == signing && (m.id == nil || in):
		return m.sign(question)
	case kind == keyAsked && !in:
		var q keyQuestion
		if err := ssh.Unmarshal(question, &q); err != nil {
			return err
		}
		key, err := ssh.ParsePublicKey(q.Key)
		if err == nil {
			_, err = m.opens(q.User, key)
		}
		return m.judged(err)
	case kind == keyProven && !in:
		e, err := m.prove(question[1:])
		return m.admit(e, err)
	case kind == passwordAsked && !in && m.server.passwords && m.passwords < tries:
		var q passwordQuestion
		if err := ssh.Unmarshal(question, &q); err != nil {
			return err
		}
		m.passwords++
		e, err := m.server.checkPassword(q.User, q.Password)
		return m.admit(e, err)
	case kind == sessionAsked && in:
		return m.open()
	case kind == leaving:
		_ = ssh.Unmarshal(question, &m.left)
		return errLeft
	}
	return errLies
}

// admit lets the client in where nothing speaks against it, its time least of all.
func (m *monitor) admit(e entry, err error) error {
	if err == nil && !time.Now().Before(m.limit) {
		return os.ErrDeadlineExceeded
	}
	if err == nil {
		m.entry = &e
	}
	return m.judged(err)
}

// judged answers, and counts refusals: a client may offer as many keys for nothing as it may try (the library does it so).
func (m *monitor) judged(err error) error {
	if err == nil {
		return m.line.send(ssh.Marshal(answer{Yes: true}))
	}
	m.refusals++
	m.last = err
	if m.refusals > 2*tries {
		return errLies
	}
	return m.line.send(ssh.Marshal(answer{Why: err.Error()}))
}

// open hands over the line of a new session.
func (m *monitor) open() error {
	select {
	case m.slots <- struct{}{}:
	default:
		return m.line.send(ssh.Marshal(answer{Why: "too many sessions"}))
	}
	ours, theirs, err := newLink()
	if err != nil {
		<-m.slots
		return m.line.send(ssh.Marshal(answer{Why: "no room for a session"}))
	}
	defer theirs.Close()
	m.sessions.Go(func() {
		defer func() { <-m.slots }()
		(&session{monitor: m, line: ours}).serve()
	})
	return m.line.send(ssh.Marshal(answer{Yes: true}), theirs)
}
