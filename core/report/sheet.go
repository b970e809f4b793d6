package report

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
)

// Sheet is a contact sheet: rows of labelled images under column titles. Draw
// gives the same pixels everywhere.
type Sheet struct {
	Title   string
	Caption string // below the rows, in words
	Legend  []Key
	Columns []string
	Rows    []Row
	// CellSize is the longer side of an image in points, at most; 0 is 112.
	// Smaller images are enlarged by whole factors, so that their pixels can be
	// seen; larger ones are reduced.
	CellSize int
	// Scale is pixels per point; 0 is 2, for sharp text on today's screens.
	Scale int
}

// Row is one line of a sheet.
type Row struct {
	Title string
	Cells []Cell
}

// Cell is one place of a sheet. A nil Image leaves it empty.
type Cell struct {
	Image image.Image
	Label string   // below the image
	Notes []string // below the label, each on lines of its own
	Frame Frame
	Heat  *Heat
	Boxes []Box
}

// Frame is the frame around a cell's image.
type Frame uint8

const (
	NoFrame Frame = iota
	Plain         // the image that the others are about
	Same          // green: same class
	Other         // red and dashed: another class
)

// Box is a rectangle over an image, in the image's own pixels.
type Box struct {
	X, Y, W, H float64
	Color      int  // index into distinct colours; equal numbers look equal
	Dashed     bool // for what was given rather than drawn, such as an object's box
	Label      string
}

// Key explains a colour of boxes, or a frame, in the legend.
type Key struct {
	Text   string
	Color  int
	Dashed bool
	Frame  Frame // if not NoFrame, explains this frame instead of a box
}

// Heat is a map over an image, drawn half transparent: Values has H rows of W,
// from 0 (dark) to 1 (bright), stretched over the image.
type Heat struct {
	W, H   int
	Values []float32
}

// maxPixels bounds a sheet: beyond it neither browsers nor memory are at ease.
const maxPixels = 100_000_000

// PNG draws the sheet as a PNG file.
func (s Sheet) PNG() ([]byte, error) {
	img, err := s.Draw()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.Title, err)
	}
	return b.Bytes(), nil
}

// Measures of a sheet in points.
const (
	margin     = 20
	gap        = 12
	titleSize  = 17
	textSize   = 12
	smallSize  = 11
	lineHeight = 16
	rowTitle   = 150 // widest
)

// layout is where things lie on a sheet, in pixels.
type layout struct {
	Sheet
	px                         int // pixels per point
	fonts                      *typeface
	columns                    int
	rowTitleW, cellW           int
	rowY, rowH                 []int
	width, height              int
	legendY, columnY, captionY int
	caption                    []string
}

// Draw draws the sheet.
func (s Sheet) Draw() (*image.RGBA, error) {
	l, err := s.layout()
	if err != nil {
		return nil, err
	}
	c := canvas{image.NewRGBA(image.Rect(0, 0, l.width, l.height)), l.px}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	m := margin * l.px
	if l.Title != "" {
		l.fonts.title.draw(c.img, l.Title, m, m, l.width-2*m, ink)
	}
	l.drawLegend(c, m, l.legendY)
	for i, title := range l.Columns {
		l.fonts.small.draw(c.img, title, l.columnX(i), l.columnY, l.cellW, muted)
	}
	for i, row := range l.Rows {
		l.fonts.text.draw(c.img, row.Title, m, l.rowY[i], l.rowTitleW, ink)
		for j, cell := range row.Cells {
			l.drawCell(c, cell, image.Pt(l.columnX(j), l.rowY[i]))
		}
	}
	for i, line := range l.caption {
		l.fonts.small.draw(c.img, line, m, l.captionY+i*lineHeight*l.px, l.width-2*m, muted)
	}
	return c.img, nil
}

func (l *layout) columnX(i int) int {
	x := margin*l.px + i*(l.cellW+gap*l.px)
	if l.rowTitleW > 0 {
		x += l.rowTitleW + gap*l.px
	}
	return x
}

func (s Sheet) layout() (*layout, error) {
	l := &layout{Sheet: s, px: s.Scale, columns: len(s.Columns)}
	if l.px == 0 {
		l.px = 2
	}
	if l.CellSize == 0 {
		l.CellSize = 112
	}
	if l.px < 1 || l.px > 4 || l.CellSize < 16 || l.CellSize > 1024 {
		return nil, fmt.Errorf("sheet %q: scale %d or cell size %d out of range", s.Title, s.Scale, s.CellSize)
	}
	var err error
	if l.fonts, err = newTypeface(l.px); err != nil {
		return nil, fmt.Errorf("sheet %q: %w", s.Title, err)
	}
	if err := l.measureCells(); err != nil {
		return nil, err
	}
	l.stack()
	if l.width*l.height > maxPixels {
		return nil, fmt.Errorf("sheet %q: %d x %d pixels are too many: show fewer samples", s.Title, l.width, l.height)
	}
	return l, nil
}

// measureCells finds the width of a column and of the row titles.
func (l *layout) measureCells() error {
	l.cellW = 40 * l.px
	for i, row := range l.Rows {
		l.columns = max(l.columns, len(row.Cells))
		l.rowTitleW = max(l.rowTitleW, min(l.fonts.text.width(row.Title), rowTitle*l.px))
		for j, c := range row.Cells {
			if c.Image == nil {
				continue
			}
			if b := c.Image.Bounds(); b.Empty() || b.Dx() > 1<<15 || b.Dy() > 1<<15 {
				return fmt.Errorf("sheet %q: row %d, column %d: an image of %d x %d", l.Title, i+1, j+1, b.Dx(), b.Dy())
			}
			if h := c.Heat; h != nil && (h.W < 1 || h.H < 1 || len(h.Values)/h.W != h.H || len(h.Values)%h.W != 0) {
				return fmt.Errorf("sheet %q: row %d, column %d: a heat map of %d x %d with %d values", l.Title, i+1, j+1, h.W, h.H, len(h.Values))
			}
			l.cellW = max(l.cellW, l.shown(c.Image).X)
		}
	}
	return nil
}

// stack gives every part its height, from the top down.
func (l *layout) stack() {
	line := lineHeight * l.px
	y := margin * l.px
	if l.Title != "" {
		y += line + gap*l.px
	}
	l.width = l.columnX(max(l.columns, 1)) - gap*l.px + margin*l.px
	l.width = max(l.width, min(l.fonts.title.width(l.Title)+2*margin*l.px, 480*l.px))
	l.legendY = y
	if len(l.Legend) > 0 {
		y += l.legendLines()*line + gap*l.px/2
	}
	l.columnY = y
	if len(l.Columns) > 0 {
		y += line + 4*l.px
	}
	for _, row := range l.Rows {
		h, lines := line, 0
		for _, c := range row.Cells {
			if c.Image != nil {
				h = max(h, l.shown(c.Image).Y)
			}
			lines = max(lines, len(l.words(c)))
		}
		l.rowY, l.rowH = append(l.rowY, y), append(l.rowH, h)
		y += h + lines*line + gap*l.px
	}
	l.caption = l.fonts.small.wrap(l.Caption, l.width-2*margin*l.px)
	l.captionY = y
	l.height = y + len(l.caption)*line + margin*l.px - gap*l.px
	if len(l.caption) > 0 {
		l.height += gap * l.px / 2
	}
}

// shown is the size in pixels at which img is drawn.
func (l *layout) shown(img image.Image) image.Point {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	long, room := max(w, h), l.CellSize*l.px
	if k := room / long; k >= 1 {
		return image.Pt(w*k, h*k)
	}
	return image.Pt(max(1, w*room/long), max(1, h*room/long))
}
