package service

import (
	"reflect"
	"testing"

	"github.com/imgbuild/imgbuild/internal/spec"
)

func TestDependants(t *testing.T) {
	got := dependants(map[string]spec.Service{
		"db": {}, "web": {Needs: []string{"service:db", "network"}}, "log": {Needs: []string{"service:db", "service:web"}},
		"self": {Needs: []string{"service:self", "service:gone"}},
	})
	if want := map[string][]string{"db": {"log", "web"}, "web": {"log"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
