package core

import (
	"fmt"
	"strings"

	"github.com/fwlab/fw/core/report/words"
	"github.com/fwlab/fw/core/view"
)

// short is what some ops are called on sheets.
var short = map[string]string{"flip_horizontal": "flip", "color_jitter": "jitter", "grayscale": "grey", "gaussian_blur": "blur", "rotate90": "quarter turns"}

// factors are the letters of the numbers of a choice, where there are several.
var factors = map[string]string{"color_jitter": "b c s h", "affine": "angle x y scale shear-x shear-y"}

// explained is how a view came about in short lines, those of the author first.
func explained(e view.Explanation) (lines []string) {
	for _, named := range []bool{true, false} {
		for _, c := range e {
			if c.Named == named {
				lines = append(lines, choice(c))
			}
		}
	}
	return lines
}

func choice(c view.Choice) string {
	letters := strings.Fields(factors[c.Name])
	text, ok := short[c.Name]
	if !ok {
		text = strings.ReplaceAll(c.Name, "_", " ")
	}
	if len(c.Values) > 9 {
		return fmt.Sprintf("%s (%d)", text, len(c.Values))
	}
	for i, v := range c.Values {
		if c.Name == "affine" && (v == 0 || letters[i] == "scale" && v == 1) {
			continue // changes nothing
		}
		text += " "
		if i < len(letters) {
			text += letters[i] + " "
		}
		text += words.Short(v)
	}
	return text
}
