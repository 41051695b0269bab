package spec

// Growth names the partition that grows to the end of the disk that it lies on. The builder,
// which gave disk and partition their GUIDs, fills it in: no other disk is meant.
type Growth struct {
	// Disk and Partition are GUIDs, in lower case.
	Disk      string `json:"disk"`
	Partition string `json:"partition"`
	// Mount is where the partition is mounted.
	Mount string `json:"mount"`
}
