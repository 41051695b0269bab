package main

import (
	"strconv"
	"strings"
)

// family is a metric with all its series. All are gauges: values as they are at the moment.
type family struct {
	name, help string
	series     []series
}

type series struct {
	labels []label
	value  float64
}

type label struct{ name, value string }

// gauge is a family of one series without labels.
func gauge(name, help string, value float64) family {
	return family{name, help, []series{{nil, value}}}
}

// Media types of both formats. Gauges look the same in both, but OpenMetrics wants an end.
const (
	plainText   = "text/plain; version=0.0.4; charset=utf-8"
	openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
	openEnd     = "# EOF\n"
)

// write is families in Prometheus' text format
// (prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0.0, section "Text format").
func write(families []family) string {
	var b strings.Builder
	for _, f := range families {
		if len(f.series) == 0 {
			continue
		}
		b.WriteString("# HELP " + f.name + " " + escapeText.Replace(f.help) + "\n# TYPE " + f.name + " gauge\n")
		for _, s := range f.series {
			b.WriteString(f.name)
			for i, l := range s.labels {
				b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + l.name + `="` + escapeText.Replace(strings.ToValidUTF8(l.value, "\uFFFD")) + `"`)
			}
			if len(s.labels) > 0 {
				b.WriteByte('}')
			}
			b.WriteString(" " + strconv.FormatFloat(s.value, 'g', -1, 64) + "\n")
		}
	}
	return b.String()
}

// escapeText is for label values. In a help's text OpenMetrics has the same three; the older format leaves quotes as they
// are, so ours have none.
var escapeText = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
