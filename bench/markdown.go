package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// The markers of the block that is replaced.
const (
	blockBegin = "<!-- bench: what follows is written by go run ./bench -->"
	blockEnd   = "<!-- bench: end -->"
)

// replaceBlock puts text between the markers of a file.
func replaceBlock(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	head, rest, ok := strings.Cut(string(data), blockBegin)
	_, tail, closed := strings.Cut(rest, blockEnd)
	if !ok || !closed {
		return fmt.Errorf("bench: %s: expected the lines %s and %s", path, blockBegin, blockEnd)
	}
	if err := os.WriteFile(path, []byte(head+blockBegin+"\n\n"+text+"\n"+blockEnd+tail), 0o644); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// markdown is all results as tables.
func (r *results) markdown() string {
	if r.Machine == (about{}) {
		return "Nothing is measured yet.\n"
	}
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d cores, %s; fw %s(%s, kernels %s), PyTorch %s.\n", m.CPU, m.Cores, m.OS, r.commits(), m.Go, m.ISA, m.Torch)
	r.steps(&b)
	r.threads(&b)
	r.viewed(&b)
	r.products(&b)
	r.searched(&b)
	r.batches(&b)
	r.lacking(&b)
	return b.String()
}

// commits is fw's at which rows and views were measured, each once.
func (r *results) commits() (text string) {
	add := func(commit string) {
		if c := commit + " "; !strings.Contains(text, c) {
			text += c
		}
	}
	for i := range r.Rows {
		add(r.Rows[i].Commit)
	}
	for i := range r.Views {
		add(r.Views[i].Commit)
	}
	return text
}

// steps is the rows, fw beside the peer's best.
func (r *results) steps(b *strings.Builder) {
	if len(r.Rows) == 0 {
		return
	}
	b.WriteString("\n| training step | arithmetic | threads | fw, ms | PyTorch's best, ms | PyTorch / fw (least, most) | fw, views/s | memory, fw / PyTorch, MB | ratio | first step, fw / PyTorch, s |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for i := range r.Rows {
		p := &r.Rows[i]
		cells := []string{title(p.Row), p.Precision, itoa(p.Threads), "-", "-", "-", "-", "-", "-", "-"}
		if p.FW != nil {
			cells[3], cells[6] = ms(p.FW.MS), fmt.Sprintf("%.4g", p.FW.Views)
		}
		if p.Peer != nil {
			cells[4] = ms(p.Peer.MS) + " (" + p.Config + ")"
		}
		if p.FW != nil && p.Peer != nil {
			x := ratio(p.Peer, p.FW, func(t turn) float64 { return t.MS })
			cells[5] = fmt.Sprintf("**%.2f** (%.2f, %.2f)", x.median, x.least, x.most)
			cells[8] = fmt.Sprintf("%.2f", p.FW.Memory/p.Peer.Memory)
		}
		cells[7] = of(p, func(s *side) string { return fmt.Sprintf("%.0f", s.Memory/1e6) })
		cells[9] = of(p, func(s *side) string { return fmt.Sprintf("%.2f", s.FirstStep) })
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

func of(p *pair, text func(s *side) string) string {
	words := [2]string{"-", "-"}
	for i, s := range []*side{p.FW, p.Peer} {
		if s != nil {
			words[i] = text(s)
		}
	}
	return words[0] + " / " + words[1]
}

func title(name string) string {
	if i := slices.Index(rowNames(), name); i >= 0 {
		return table[i].title
	}
	return name
}

func ms(v float64) string { return fmt.Sprintf("%.4g", v) }

// threads is two threads against one, from the same rounds.
func (r *results) threads(b *strings.Builder) {
	var lines []string
	for i := range r.Rows {
		two := &r.Rows[i]
		one := r.find(two.Row, two.Precision, 1)
		if two.Threads != 2 || one == nil {
			continue
		}
		cells := [2]string{"-", "-"}
		for j, s := range [][2]*side{{one.FW, two.FW}, {one.Peer, two.Peer}} {
			if s[0] != nil && s[1] != nil {
				cells[j] = fmt.Sprintf("%.2f", ratio(s[0], s[1], func(t turn) float64 { return t.MS }).median)
			}
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |\n", title(two.Row), two.Precision, cells[0], cells[1]))
	}
	if len(lines) > 0 {
		b.WriteString("\nTwo threads against one, the time on one over that on two:\n\n| training step | arithmetic | fw | PyTorch |\n|---|---|---|---|\n" + strings.Join(lines, ""))
	}
}

// products is shares of the peak.
func (r *results) products(b *strings.Builder) {
	if len(r.GEMM) == 0 {
		return
	}
	b.WriteString("\nMatrix products of n x n in float32, beside multiply-adds in registers on the same threads:\n\n| n | threads | GFLOP/s | peak | share |\n|---|---|---|---|---|\n")
	for _, x := range r.GEMM {
		peak, share := "-", "-"
		if x.Peak > 0 {
			peak, share = fmt.Sprintf("%.1f", x.Peak), fmt.Sprintf("%.1f %%", 100*x.GFLOPS/x.Peak)
		}
		fmt.Fprintf(b, "| %d | %d | %.1f | %s | %s |\n", x.N, x.Threads, x.GFLOPS, peak, share)
	}
}

// searched is what the peer's configurations took.
func (r *results) searched(b *strings.Builder) {
	var lines []string
	for i := range r.Rows {
		p := &r.Rows[i]
		for _, t := range p.Searched {
			took := ms(t.MS)
			if t.Error != "" {
				took = "fails: " + strings.ReplaceAll(t.Error, "|", "\\|")
			}
			lines = append(lines, fmt.Sprintf("| %s | %s | %d | %s | %s |\n", title(p.Row), p.Precision, p.Threads, t.Config, took))
		}
	}
	if len(lines) > 0 {
		b.WriteString("\nWhat PyTorch's configurations took when the best was looked for, one turn each:\n\n| training step | arithmetic | threads | configuration | ms |\n|---|---|---|---|---|\n" + strings.Join(lines, ""))
	}
}

// batches is the sweep.
func (r *results) batches(b *strings.Builder) {
	s := r.Sweep
	if s == nil || len(s.Points) < 2 {
		return
	}
	base, each, farthest := s.line()
	fmt.Fprintf(b, "\nTime per step of %s by batch, %d threads, float32: %.3g ms + %.4g ms for each image, from which no point is farther than %.1f %%.\n\n![time per step by batch](%s)\n\n| batch | ms | ms an image |\n|---|---|---|\n",
		s.Row, s.Threads, base, each, 100*farthest, plotName)
	for _, p := range s.Points {
		fmt.Fprintf(b, "| %d | %s | %.3g |\n", p.Batch, ms(p.MS), p.MS/float64(p.Batch))
	}
}

// lacking says what could not be measured, and where the two sides are not the same
// network.
func (r *results) lacking(b *strings.Builder) {
	var lines []string
	for i := range r.Rows {
		p := &r.Rows[i]
		for _, side := range []string{"fw", "PyTorch"} {
			if lack := p.Lacks[side]; lack != "" {
				lines = append(lines, fmt.Sprintf("- %s, %s, %d threads, without %s: %s\n", p.Row, p.Precision, p.Threads, side, lack))
			}
		}
		if p.FW != nil && p.Peer != nil {
			if ours, theirs := p.FW.Turns[0].Parameters, p.Peer.Turns[0].Parameters; ours != theirs {
				lines = append(lines, fmt.Sprintf("- %s, %s, %d threads: fw has %d parameters, PyTorch %d\n", p.Row, p.Precision, p.Threads, ours, theirs))
			}
		}
	}
	if len(lines) > 0 {
		b.WriteString("\nNot measured, or not alike:\n\n" + strings.Join(lines, ""))
	}
}
