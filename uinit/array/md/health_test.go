package md

import (
	"slices"
	"testing"
	"testing/fstest"
)

// tree is /sys with one array of two slots.
func tree(files map[string]string) fstest.MapFS {
	sys := fstest.MapFS{}
	for name, text := range files {
		sys["class/block/md_data/md/"+name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return sys
}

// What people read of an array in each of the states that its disks may leave it in.
func TestHealth(t *testing.T) {
	both := map[string]string{"array_state": "clean", "raid_disks": "2", "sync_action": "idle", "sync_completed": "none",
		"dev-sda/slot": "0", "dev-sda/state": "in_sync", "dev-sdb/slot": "1", "dev-sdb/state": "in_sync"}
	for _, tt := range []struct {
		name           string
		files          map[string]string
		text, progress string
		empty          []int
		condition      string // of sdb
	}{
		{name: "whole", text: "ok", condition: "in_sync"},
		{name: "a disk failed", files: map[string]string{"dev-sdb/slot": "none", "dev-sdb/state": "faulty"}, text: "degraded: slot 1 of 2 not in sync", empty: []int{1}, condition: "faulty"},
		{name: "a failed disk that still holds its slot", files: map[string]string{"dev-sdb/state": "faulty"}, text: "degraded: slot 1 of 2 not in sync", empty: []int{1}, condition: "faulty"},
		{name: "the moment after a failure", files: map[string]string{"dev-sdb/state": "faulty,blocked", "sync_action": "recover"},
			text: "degraded: slot 1 of 2 not in sync", progress: "recovering", empty: []int{1}, condition: "faulty"},
		{name: "a rebuild", files: map[string]string{"dev-sdb/state": "spare", "sync_action": "recover", "sync_completed": "2097152 / 8388608", "sync_speed": "98304"},
			text: "rebuilding: slot 1 of 2 not in sync", progress: "rebuilding 25.0 % at 96 MiB/s, 32s left", condition: "being filled"},
		{name: "a slow one of a large disk", files: map[string]string{"dev-sdb/state": "spare", "sync_action": "recover", "sync_completed": "80000000 / 15628053168", "sync_speed": "9000"},
			text: "rebuilding: slot 1 of 2 not in sync", progress: "rebuilding 0.5 % at 9000 KiB/s, 239h56m left", condition: "being filled"},
		{name: "a rebuild that has just begun", files: map[string]string{"dev-sdb/state": "spare", "sync_action": "recover"},
			text: "rebuilding: slot 1 of 2 not in sync", progress: "rebuilding", condition: "being filled"},
		{name: "a replacement", files: map[string]string{"dev-sdb/state": "in_sync,want_replacement", "dev-sdc/slot": "1", "dev-sdc/state": "spare,replacement",
			"sync_action": "recover", "sync_completed": "1024 / 2048", "sync_speed": "512"},
			text: "ok", progress: "replacing 50.0 % at 512 KiB/s, 1s left", condition: "in_sync,want_replacement"},
		{name: "with a journal", files: map[string]string{"dev-sdc/slot": "journal", "dev-sdc/state": "journal"}, text: "ok", condition: "in_sync"},
		{name: "a check", files: map[string]string{"sync_action": "check", "sync_completed": "0 / 2048", "sync_speed": "0"}, text: "ok", progress: "checking 0.0 % at 0 KiB/s", condition: "in_sync"},
		{name: "all gone", files: map[string]string{"array_state": "broken"}, text: "failed", condition: "in_sync"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{}
			for _, layer := range []map[string]string{both, tt.files} {
				for name, text := range layer {
					files[name] = text
				}
			}
			h, err := Examine(tree(files), "md_data")
			if err != nil {
				t.Fatal(err)
			}
			if h.String() != tt.text || h.Progress() != tt.progress || !slices.Equal(h.Empty(), tt.empty) {
				t.Errorf("%q, %q, empty %v; want %q, %q, empty %v", h, h.Progress(), h.Empty(), tt.text, tt.progress, tt.empty)
			}
			if len(h.Members) > 2 && h.Members[2].Has("journal") && h.Members[2].Place() != "journal" {
				t.Errorf("a journal is at %s", h.Members[2].Place())
			}
			if got := h.Members[1].Condition(); got != tt.condition {
				t.Errorf("sdb is %q, want %q", got, tt.condition)
			}
		})
	}
}

// Members are told by their slots, whatever names their disks have this time.
func TestMembersBySlot(t *testing.T) {
	h, err := Examine(tree(map[string]string{"array_state": "clean", "raid_disks": "2", "dev-sda/slot": "none", "dev-sda/state": "spare",
		"dev-sdb/slot": "1", "dev-sdb/state": "in_sync", "dev-sdc/slot": "0", "dev-sdc/state": "in_sync"}), "md_data")
	if err != nil {
		t.Fatal(err)
	}
	var devices []string
	for _, m := range h.Members {
		devices = append(devices, m.Device)
	}
	if want := []string{"sdc", "sdb", "sda"}; !slices.Equal(devices, want) {
		t.Errorf("%v, want %v", devices, want)
	}
}
