package tomlx

import (
	"cmp"
	"strconv"
	"unicode/utf8"
)

// Pos is a place in a file. Without a line it is the file as a whole, or an
// argument of the command line, which File then spells out.
type Pos struct {
	File string
	Line int // from 1
	Col  int // from 1, in characters

	order int // among arguments
}

// String is "experiments/x.toml:14:7", or File alone.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// compare orders places as they are read: by line and column, then what has none.
func (p Pos) compare(q Pos) int {
	if (p.Line == 0) != (q.Line == 0) {
		return cmp.Compare(q.Line, p.Line)
	}
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col), cmp.Compare(p.order, q.order))
}

// cursor turns byte offsets into places; cheap for offsets that grow.
type cursor struct {
	file, src      string
	off, line, col int
}

func newCursor(file, src string) cursor { return cursor{file: file, src: src, line: 1, col: 1} }

func (c *cursor) pos(off int) Pos {
	off = max(0, min(off, len(c.src)))
	if off < c.off {
		c.off, c.line, c.col = 0, 1, 1
	}
	for c.off < off {
		r, w := utf8.DecodeRuneInString(c.src[c.off:])
		c.off += w
		c.col++
		if r == '\n' {
			c.line, c.col = c.line+1, 1
		}
	}
	return Pos{File: c.file, Line: c.line, Col: c.col}
}
