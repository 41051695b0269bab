package problem

import "testing"

// A problem is told at the key of the file that lies over the others, of all keys that it stands on; its own key is named then.
func TestProblemsAreToldWhereTheyWereMade(t *testing.T) {
	at := Positions{Key: map[string]Pos{"row.a": {File: "base", Line: 1, Col: 1, Depth: 1}, "row.b": {File: "mine", Line: 1, Col: 1}, "empty": {File: "mine", Line: 9, Col: 1}},
		Value: map[string]Pos{
			"row.a.x": {File: "base", Line: 2, Col: 5, Depth: 1}, "row.a.y": {File: "mine", Line: 8, Col: 5}, "row.a.z": {File: "mine", Line: 7, Col: 5},
			"row.b.x": {File: "mine", Line: 2, Col: 5}, "deep": {File: "lowest", Line: 3, Col: 3, Depth: 2}, "row.ab.x": {File: "mine", Line: 3, Col: 1},
		}}
	for _, tc := range []struct {
		judge func(Judge) Judge
		key   string
		want  string
	}{
		{func(j Judge) Judge { return j }, "row.a.x", "base:2:5: row.a.x: no"},
		{func(j Judge) Judge { return j }, "row.a", "mine:7:5: row.a.z: and row.a (base:1:1): no"},
		{func(j Judge) Judge { return j.Of("row.b.x") }, "row.a.x", "mine:2:5: row.b.x: and row.a.x (base:2:5): no"},
		{func(j Judge) Judge { return j.Of("row.b") }, "row.a.x", "mine:2:5: row.b.x: and row.a.x (base:2:5): no"},
		{func(j Judge) Judge { return j.Of("row.a.x") }, "deep", "base:2:5: row.a.x: and deep (lowest:3:3): no"},
		{func(j Judge) Judge { return j.Of("row.a.x", "row.b.x") }, "deep", "mine:2:5: row.b.x: and deep (lowest:3:3): no"},
		{func(j Judge) Judge { return j.Of("deep") }, "row.a.x", "base:2:5: row.a.x: no"},
		{func(j Judge) Judge { return j.Of("row.a.y") }, "row.b.x", "mine:2:5: row.b.x: no"},
		{func(j Judge) Judge { return j.Rows("row") }, "deep", "mine:2:5: row.b.x: and deep (lowest:3:3): no"},
		{func(j Judge) Judge { return j.Ref("b", "table", "row") }, "deep", "mine:2:5: row.b.x: and deep (lowest:3:3): no"},
		{func(j Judge) Judge { return j.Of("empty") }, "deep", "mine:9:1: empty: and deep (lowest:3:3): no"},
	} {
		j := NewJudge(at.At, NewDoubts(at))
		tc.judge(j).Bad(tc.key, "no")
		if got := j.Found().Error(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.key, got, tc.want)
		}
	}
}
