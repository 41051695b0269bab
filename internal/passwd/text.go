package passwd

// FindIn is Find for the text of a passwd(5), such as that of an image.
func FindIn(text, name string) (Account, error) { return find(text, name) }

// NumberIn looks up the first account of a number.
func NumberIn(text string, uid uint32) (Account, error) {
	for f := range rows(text, 7, 7) {
		if a, err := account(f); err == nil && a.UID == uid {
			return a, nil
		}
	}
	return Account{}, ErrNone
}

// GroupsIn is Groups for the text of a group(5).
func GroupsIn(text string, a Account) ([]uint32, error) { return groups(text, a) }

// GroupIn is Group for the text of a group(5).
func GroupIn(text, name string) (uint32, error) { return group(text, name) }
