package chart

import (
	_ "embed"
	"strings"
)

//go:embed file.css
var fileStyle string

// File is the chart as an SVG file of its own, with its colours; nil if there
// is no finite point.
func (c Chart) File() []byte {
	svg := c.SVG()
	if svg == "" {
		return nil
	}
	head, body, _ := strings.Cut(svg, ">")
	head = strings.Replace(head, "<svg ", `<svg xmlns="http://www.w3.org/2000/svg" width="840" height="375" `, 1)
	return []byte(head + "><style>" + fileStyle + "</style><rect class=\"page\" width=\"100%\" height=\"100%\"/>" + body + "\n")
}
