package schema

import "strings"

// nearestMax bounds the work that a hostile name can ask for, in bytes.
const nearestMax = 64

// Nearest is the known name closest to name by edit distance, or "" when none
// is close enough to have been meant.
func Nearest(name string, known []string) string {
	if len(name) > nearestMax {
		return ""
	}
	best, at := len(name)/2+1, ""
	for _, k := range known {
		d := distance(name, k)
		if len(name) >= 3 && strings.HasPrefix(k, name) {
			d = min(d, 1) // an abbreviation
		}
		if d < best {
			best, at = d, k
		}
	}
	return at
}

// DidYouMean is `, did you mean "x"?`, or "" when no known name is near.
func DidYouMean(name string, known []string) string {
	if n := Nearest(name, known); n != "" {
		return `, did you mean "` + n + `"?`
	}
	return ""
}

// distance is Levenshtein's, with a swap of neighbours counted once.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
