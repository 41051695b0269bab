package console

import (
	"errors"
	"fmt"

	"github.com/imgbuild/imgbuild/internal/spec"
)

// ErrLocked says that a shell is for nobody: no password opens root, and the image does not say that none is needed.
var ErrLocked = errors.New("nobody gets in")

// guard says whether root's password is to be asked for before a shell is given, or by ErrLocked that there is none to
// be had. What may be a password and can't be verified, a hash of another kind or a file that can't be read, opens
// nothing, with unguarded neither. A missing file, a missing row and a locked one all say that there is no password.
func guard(etc string, unguarded bool) (ask bool, err error) {
	rows, err := shadow(etc)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	hash := rows["root"]
	switch known := new(spec.PasswordHash); {
	case (account{hash: hash}).locked() && unguarded:
		return false, nil
	case (account{hash: hash}).locked():
		return false, fmt.Errorf("%w: root has no password", ErrLocked)
	case known.UnmarshalText([]byte(hash)) != nil:
		return false, fmt.Errorf("%w: root's password hash is of a kind that nothing here can verify", ErrLocked)
	}
	return true, nil
}

// guarded lets in whom guard means; an error that is ErrLocked is shown.
func (l *login) guarded(unguarded bool) error {
	ask, err := guard(l.etc, unguarded)
	if err != nil {
		l.ask.show(printable(err.Error()) + "\n")
	}
	if !ask || err != nil {
		return err
	}
	return l.rootPassword()
}

// triesInARow is how many wrong passwords are answered with a pause that grows, before it starts small again.
const triesInARow = 3

// rootPassword asks until root's password is right. It does not need /etc/passwd: what is broken may be just that.
func (l *login) rootPassword() error {
	check := func(password []byte) (account, error) {
		// A file that can't be read may hold a password.
		rows, err := shadow(l.etc)
		if err == nil && !verify(rows["root"], password) {
			err = errRefused
		}
		return account{}, err
	}
	for n := 0; ; n++ {
		_, err := l.password("Password of root: ", n%triesInARow+1, check)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errRefused):
			l.ask.show("Login incorrect\n")
		case !errors.Is(err, errAborted):
			return err
		}
	}
}
