package progress

import (
	"math"
	"time"
)

// rate is the speed of the last few seconds: a mean in which a step counts for
// less the longer ago it was.
type rate struct {
	at        time.Time
	paused    bool
	perSecond float64
}

// memory is the time after which a step counts for 1/e.
const memory = 3 * time.Second

func (r *rate) add(now time.Time, images int) {
	took := now.Sub(r.at)
	r.at = now
	if r.paused || took <= 0 {
		r.paused = false
		return
	}
	v := float64(images) / took.Seconds()
	if r.perSecond == 0 {
		r.perSecond = v
		return
	}
	keep := math.Exp(-took.Seconds() / memory.Seconds())
	r.perSecond = keep*r.perSecond + (1-keep)*v
}
