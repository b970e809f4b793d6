package shapes

// unit is the side of a square whose area every outline has, so that the area of
// an object does not tell its class.
const unit = 1 << 12

// outline is a class: whether a point lies in it, and the radius of the circle
// around it. Every one is its own mirror image at some angle.
type outline struct {
	name   string
	radius int64
	has    func(y, x int64) bool
}

// outlines are the classes; the numbers make their areas equal and are lengths in units of 1/2^12.
var outlines = [...]outline{
	{"disc", 2311, func(y, x int64) bool { return inDisc(y, x, 2311) }},
	{"ring", 2767, func(y, x int64) bool { return inDisc(y, x, 2767) && !inDisc(y, x, 1522) }},
	{"half-disc", 3268, func(y, x int64) bool { return y >= 0 && inDisc(y, x, 3268) }},
	{"crescent", 3173, func(y, x int64) bool { return inDisc(y, x, 3173) && !inDisc(y, x-1587, 2380) }},
	{"triangle", 3594, func(y, x int64) bool { return y >= -1797 && 3547*abs(x)+2048*y <= 1797*unit }},
	{"square", 2897, func(y, x int64) bool { return inBar(y, x, 2048, 2048) }},
	{"bar", 3739, func(y, x int64) bool { return inBar(y, x, 1182, 3547) }},
	{"cross", 2897, func(y, x int64) bool { return inBar(y, x, 916, 2748) || inBar(y, x, 2748, 916) }},
	{"star", 3866, inStar},
	{"corner", 3621, func(y, x int64) bool { return inBar(y, x, 2560, 2560) && (y <= -512 || x <= -512) }},
}

// Classes is how many there are.
const Classes = len(outlines)

// Names is the classes.
func Names() (names []string) {
	for _, o := range outlines {
		names = append(names, o.name)
	}
	return names
}

func inDisc(y, x, r int64) bool { return y*y+x*x <= r*r }

func inBar(y, x, h, w int64) bool { return -h <= y && y <= h && -w <= x && x <= w }

// inStar is the pentagram: the points that lie beyond at most one side of the
// regular pentagon within it, whose sides' normals are 72 degrees apart.
func inStar(y, x int64) bool {
	const inner = 1195 * unit
	x, beyond := abs(x), 0
	for _, n := range [...][2]int64{{4096, 0}, {1266, 3896}, {-3314, 2408}, {-3314, -2408}, {1266, -3896}} {
		if n[0]*y+n[1]*x > inner {
			beyond++
		}
	}
	return beyond <= 1
}

func abs(v int64) int64 { return max(v, -v) }
