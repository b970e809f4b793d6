package report

import (
	"fmt"
	"slices"
)

// Localization is where an encoder looks in training images, and what is cropped by
// that, held against the boxes of the images' objects.
type Localization struct {
	Epoch      int         `json:"epoch"`  // epochs done when it was measured
	Choice     string      `json:"choice"` // of the epoch
	Heat       string      `json:"heat"`
	Threshold  float64     `json:"threshold"`
	Images     int         `json:"images"`      // training images whose object's box is known
	ObjectArea float64     `json:"object_area"` // mean share of the image
	Boxes      []BoxScore  `json:"boxes"`
	Crops      []CropScore `json:"crops"`
}

// Whose boxes are held against the objects', besides the encoders'.
const (
	WholeImage = "whole"  // the whole image
	CentreBox  = "centre" // in the middle, of the trained encoder's mean area
	MiddleHalf = "middle" // from a quarter to three quarters of both sides: the authors' SimCCrop
	ObjectBox  = "object" // the object's own: what crops would be if localisation were perfect
	NoBox      = "none"   // the crop strategy is told of none, as in its warm-up: RandomResizedCrop
)

// boxesName is whose boxes they are as people write it.
func boxesName(subject string) string {
	switch subject {
	case WholeImage:
		return "whole image"
	case CentreBox:
		return "box in the middle of the same area"
	case MiddleHalf:
		return "middle half: SimCCrop"
	case ObjectBox:
		return "object’s own box"
	case NoBox:
		return "no box: plain crops"
	}
	return SubjectName(subject)
}

// BoxScore is how well boxes meet the objects'.
type BoxScore struct {
	Subject string  `json:"subject"`
	IoU     float64 `json:"iou"`    // with the object's box: mean
	CorLoc  float64 `json:"corloc"` // share with an IoU of 0.5 or more (Deselaers et al. 2010)
	Area    float64 `json:"area"`   // mean share of the image
	Whole   float64 `json:"whole"`  // share that is the whole image
	Empty   int     `json:"empty"`  // images with nothing to see
}

// CropScore is how the crops lie of which a pair is made, when the strategy goes by
// some boxes.
type CropScore struct {
	Boxes   string  `json:"boxes"`
	Pairs   int     `json:"pairs"`   // of crops of one image
	IoU     float64 `json:"iou"`     // of the two: mean
	Apart   float64 `json:"apart"`   // mean distance of the two centres, the image's sides being 1
	Centres float64 `json:"centres"` // share of pairs with both centres in the object's box
	Overlap float64 `json:"overlap"` // share of pairs of which each crop and the object share half of the smaller of them
}

// Same reports whether a measurement would take the place of another.
func (l Localization) Same(m Localization) bool {
	return l.Epoch == m.Epoch && l.Choice == m.Choice && l.Heat == m.Heat && l.Threshold == m.Threshold
}

// Lines is the measurement as printed.
func (l Localization) Lines() (lines []string) {
	lines = append(lines, fmt.Sprintf("epoch %d, threshold %g: %d images, objects of %.2f of them", l.Epoch, l.Threshold, l.Images, l.ObjectArea))
	for _, b := range l.Boxes {
		lines = append(lines, fmt.Sprintf("  box    %-9s  IoU %.3f  CorLoc %5.1f %%  area %.2f  whole images %3.0f %%, %d with nothing to see", b.Subject, b.IoU, 100*b.CorLoc, b.Area, 100*b.Whole, b.Empty))
	}
	for _, c := range l.Crops {
		lines = append(lines, fmt.Sprintf("  crops  %-9s  IoU %.3f  centres %.3f apart  both centres in the object %5.1f %%  both half on it %5.1f %%  (%d pairs)", c.Boxes, c.IoU, c.Apart, 100*c.Centres, 100*c.Overlap, c.Pairs))
	}
	return lines
}

// Box is the score of a subject's boxes.
func (l Localization) Box(subject string) (BoxScore, bool) {
	i := slices.IndexFunc(l.Boxes, func(b BoxScore) bool { return b.Subject == subject })
	if i < 0 {
		return BoxScore{}, false
	}
	return l.Boxes[i], true
}

// Cropped is the score of crops by some boxes.
func (l Localization) Cropped(boxes string) (CropScore, bool) {
	i := slices.IndexFunc(l.Crops, func(c CropScore) bool { return c.Boxes == boxes })
	if i < 0 {
		return CropScore{}, false
	}
	return l.Crops[i], true
}
