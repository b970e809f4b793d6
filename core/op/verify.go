package op

import (
	"errors"
	"strconv"

	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/shape"
)

// Limits on programs from outside.
const (
	MaxFuncs  = 64
	MaxInstrs = 200_000
)

// Verify checks a whole program: known ops, arity, attributes, shapes that
// agree with the op table, definition before use, distinct names. A program
// that passes can be linked, differentiated and run without further checks.
func Verify(p *ir.Program) error {
	if p.Version != ir.Version {
		return errors.New("verify: expected program version " + strconv.Itoa(ir.Version) + ", found " + strconv.Itoa(p.Version))
	}
	if len(p.Funcs) > MaxFuncs {
		return errors.New("verify: more than " + strconv.Itoa(MaxFuncs) + " functions")
	}
	seen := map[string]bool{}
	for _, f := range p.Funcs {
		if f.Name == "" || seen[f.Name] {
			return errors.New("verify: function name " + strconv.Quote(f.Name) + " is empty or used twice")
		}
		seen[f.Name] = true
		if err := VerifyFunc(f); err != nil {
			return err
		}
	}
	return nil
}

// VerifyFunc checks one function as Verify does.
func VerifyFunc(f *ir.Func) error {
	if len(f.Instrs) > MaxInstrs {
		return errors.New("verify: @" + f.Name + ": more than " + strconv.Itoa(MaxInstrs) + " instructions")
	}
	for _, s := range f.Shapes {
		if err := s.Check(); err != nil {
			return errors.New("verify: @" + f.Name + ": " + err.Error())
		}
	}
	v := &verifier{f: f, defined: make([]bool, len(f.Shapes))}
	if err := v.ports(f.Inputs, true); err != nil {
		return err
	}
	for i := range f.Instrs {
		if err := v.instr(i); err != nil {
			return errors.New("verify: @" + f.Name + ": " + where(f, i) + err.Error())
		}
	}
	return v.ports(f.Outputs, false)
}

func where(f *ir.Func, i int) string {
	if l := f.Instrs[i].Loc; l.File != "" {
		return l.File + ":" + strconv.Itoa(l.Line) + ": "
	}
	return "instruction " + strconv.Itoa(i) + ": "
}

type verifier struct {
	f       *ir.Func
	defined []bool
}

func (v *verifier) ports(ports []ir.Port, define bool) error {
	names := map[string]bool{}
	for _, p := range ports {
		bad := ""
		switch {
		case names[p.Name]:
			bad = "name is used twice"
		case p.Value < 0 || int(p.Value) >= len(v.defined):
			bad = "value is out of range"
		case v.defined[p.Value] == define:
			bad = "value is not defined exactly once before its use"
		}
		if bad != "" {
			return errors.New("verify: @" + v.f.Name + ": port " + strconv.Quote(p.Name) + ": " + bad)
		}
		names[p.Name] = true
		v.defined[p.Value] = true
	}
	return nil
}

func (v *verifier) instr(i int) error {
	in := &v.f.Instrs[i]
	if in.Body != nil {
		return errors.New(in.Op + ": a fusion is made by the compiler only")
	}
	operands := make([]shape.Shape, len(in.In))
	for j, x := range in.In {
		if x < 0 || int(x) >= len(v.defined) || !v.defined[x] {
			return errors.New(in.Op + ": operand " + strconv.Itoa(j) + " is used before it is defined")
		}
		operands[j] = v.f.Shape(x)
	}
	results, err := Infer(in.Op, operands, in.Attrs)
	if err != nil {
		return err
	}
	if len(results) != len(in.Out) {
		return errors.New(in.Op + ": expected " + strconv.Itoa(len(results)) + " results, found " + strconv.Itoa(len(in.Out)))
	}
	for j, x := range in.Out {
		if x < 0 || int(x) >= len(v.defined) || v.defined[x] {
			return errors.New(in.Op + ": result " + strconv.Itoa(j) + " is defined twice or out of range")
		}
		if !results[j].Equal(v.f.Shape(x)) {
			return errors.New(in.Op + ": result " + strconv.Itoa(j) + ": expected " + results[j].String() + ", declared " + v.f.Shape(x).String())
		}
		v.defined[x] = true
	}
	return nil
}
