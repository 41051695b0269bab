package md

// enough says whether an array can give all its data with these slots in sync (md(4), and what the
// personalities of drivers/md check when they start). A dirty array with parity needs all of what the
// parity is made from, or writes that were under way would come back as nonsense.
func enough(s *Superblock, inSync map[int]bool, clean bool) bool {
	there := 0
	for slot := range s.Slots {
		if inSync[slot] {
			there++
		}
	}
	missing := s.Slots - there
	switch s.Level {
	case 1:
		return there > 0
	case 4:
		if missing == 1 && !inSync[s.Slots-1] {
			return true // the parity's own disk: all data is there
		}
		return missing == 0 || missing == 1 && clean
	case 5:
		return missing == 0 || missing == 1 && clean
	case 6:
		return missing == 0 || missing <= 2 && clean
	case 10:
		return enough10(s, inSync)
	}
	return missing == 0
}

// enough10 wants a copy of every chunk. Layout is near copies in its lowest byte, far copies in the next
// (md_p.h: raid10 layout); either way a chunk's copies lie on as many neighbouring slots.
func enough10(s *Superblock, inSync map[int]bool) bool {
	near, far := s.Layout&0xff, s.Layout>>8&0xff
	if near < 1 || far < 1 || near*far > s.Slots {
		return false
	}
	if s.Layout>>17 != 0 { // copies within sets of slots: which ones is the driver's business
		return len(inSync) == s.Slots
	}
	for chunk := range s.Slots {
		first, whole := chunk*near%s.Slots, false
		for i := range near * far {
			whole = whole || inSync[(first+i)%s.Slots]
		}
		if !whole {
			return false
		}
	}
	return true
}
