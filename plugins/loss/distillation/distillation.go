// Package distillation is the loss of DINO (Caron et al. 2021, "Emerging Properties
// in Self-Supervised Vision Transformers", eq. 2 to 4).
package distillation

import (
	"github.com/fwlab/fw/sdk"
)

type loss struct {
	student, teacher, start, warmup, momentum float64
	centring                                  bool
}

// Plugin declares the loss.
func Plugin() *sdk.Plugin {
	l := &loss{}
	p := sdk.DistillLoss("fw/dino-loss", "1.0.0", l).
		Doc("cross-entropy of each of the student's views with the teacher's others, centred and sharpened (Caron et al. 2021)")
	p.Float(&l.student, "student_temperature", 0.1, "scale of the student's logits", sdk.Above(0))
	p.Float(&l.teacher, "teacher_temperature", 0.04, "scale of the teacher's logits; 0.07 in long runs", sdk.Above(0))
	p.Float(&l.start, "warmup_teacher_temperature", 0.04, "scale of the teacher's logits at the start", sdk.Above(0))
	p.Float(&l.warmup, "warmup", 0, "share of all updates over which the teacher's temperature goes from its start to its end", sdk.Between(0, 1))
	p.Float(&l.momentum, "center_momentum", 0.9, "of the moving mean of the teacher's logits", sdk.Between(0, 1))
	p.Bool(&l.centring, "centring", true, "subtract the moving mean from the teacher's logits")
	return p
}

func (l *loss) Loss(b *sdk.Builder, student, teacher sdk.Value) sdk.Value {
	views, global := student.Dim(0), teacher.Dim(0)
	teacher = teacher.StopGradient()
	if l.centring {
		center := sdk.Running(b, "center", teacher.Mean(0, 1), l.momentum, sdk.Constant(0)) // f32[K]
		teacher = teacher.Sub(center)
	}
	targets := teacher.Div(l.temperature(b)).Softmax().Split(0, global) // f32[1,B,K] each
	logs := student.Scale(1/l.student).LogSoftmax().Split(0, views)
	total, terms := b.Scalar(0), 0
	for t, target := range targets {
		for s, log := range logs {
			if s == t { // the same view
				continue
			}
			total, terms = total.Sub(target.Mul(log).Sum(2).Mean()), terms+1
		}
	}
	if terms == 0 {
		b.Fail("a student of one view has nothing to learn from a teacher of the same")
	}
	return total.Scale(1 / float64(terms))
}

// temperature of the teacher, in a straight line over the warm-up.
func (l *loss) temperature(b *sdk.Builder) sdk.Value {
	if l.warmup == 0 {
		return b.Scalar(l.teacher)
	}
	done := b.StepNumber().Float().Div(b.TotalSteps().Float().Scale(l.warmup)).MinConst(1)
	return done.Scale(l.teacher - l.start).AddConst(l.start)
}
