package report

import (
	"fmt"
	"image"
)

// Neighbours is one image and those whose embeddings are nearest to its own.
type Neighbours struct {
	Query   image.Image
	Class   string // its class, "" if unknown
	Nearest []Neighbour
}

// Neighbour is one of them, the nearest first.
type Neighbour struct {
	Image      image.Image
	Class      string
	Similarity float64 // cosine
}

// NeighbourSheet shows a query a row, its neighbours to the right.
func NeighbourSheet(title string, rows []Neighbours) Sheet {
	s := Sheet{
		Title:   title,
		Caption: "Each row begins with an image of the test set. To its right are the training images whose embeddings lie nearest, with their cosine similarity.",
		Columns: []string{"query"},
		Legend:  []Key{{Text: "same class", Frame: Same}, {Text: "another class", Frame: Other}},
	}
	for _, r := range rows {
		row := Row{Cells: []Cell{{Image: r.Query, Label: r.Class, Frame: Plain}}}
		for i, n := range r.Nearest {
			if len(s.Columns) <= i+1 {
				s.Columns = append(s.Columns, fmt.Sprintf("nearest %d", i+1))
			}
			frame := NoFrame
			if r.Class != "" && n.Class != "" {
				frame = Other
				if r.Class == n.Class {
					frame = Same
				}
			}
			label := fmt.Sprintf("%.2f", n.Similarity)
			if n.Class != "" {
				label += "  " + n.Class
			}
			row.Cells = append(row.Cells, Cell{Image: n.Image, Label: label, Frame: frame})
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}
