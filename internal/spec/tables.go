package spec

// LinkTables are the tables of interfaces, as a profile calls them.
var LinkTables = []string{"ethernet", "bond", "vlan", "bridge", "dummy", "wireguard"}
