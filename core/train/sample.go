package train

import (
	"fmt"

	"github.com/fwlab/fw/core/link"
)

// checkNames refuses sample state without a row for each training image, and an
// encoder that is not there.
func checkNames(flat *link.Flat, samples int) error {
	for _, s := range flat.States {
		if s.Attrs.Bool("sample") && (s.Shape.Rank() == 0 || s.Shape.Dims[0] != samples) {
			return fmt.Errorf("link: state %s, declared at %s:%d: expected a row for each of %d training images, found %s", s.Name, s.Loc.File, s.Loc.Line, samples, s.Shape)
		}
	}
	if e := flat.Encoder; e != "" {
		for _, p := range flat.Params {
			if len(p.Name) > len(e) && p.Name[:len(e)+1] == e+"." {
				return nil
			}
		}
		return fmt.Errorf("link: the task names %s as its encoder, but no parameter is there", e)
	}
	return nil
}
