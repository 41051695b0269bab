package lan

import "encoding/binary"

const (
	// tagged is the type of a frame with a tag, and tagAt where that begins (IEEE 802.1Q).
	tagged = 0x8100
	tagAt  = 12
	tagLen = 4
)

// VLAN returns a tagged network of this segment: hosts there send and see its frames, without the tag. It
// ends with the segment.
func (s *Segment) VLAN(id uint16) *Segment {
	inner := NewSegment()
	trunk, access := &port{}, &port{}
	trunk.send = func(frame []byte) {
		if len(frame) < tagAt+tagLen || binary.BigEndian.Uint16(frame[tagAt:]) != tagged || binary.BigEndian.Uint16(frame[tagAt+2:])&0xfff != id {
			return
		}
		inner.forward(access, append(append([]byte(nil), frame[:tagAt]...), frame[tagAt+tagLen:]...))
	}
	access.send = func(frame []byte) {
		out := binary.BigEndian.AppendUint16(append([]byte(nil), frame[:tagAt]...), tagged)
		out = binary.BigEndian.AppendUint16(out, id)
		s.forward(trunk, append(out, frame[tagAt:]...))
	}
	inner.ports[access] = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.ports[trunk] = true
	}
	return inner
}
