package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/fwlab/fw/core/kernel/isa"
	"github.com/fwlab/fw/scaffold"
)

// cli is the command line; each verb has a file of its own.
type cli struct {
	Run    runCmd    `cmd:"" help:"Train an encoder without labels, evaluate it, and leave a run directory."`
	Check  checkCmd  `cmd:"" help:"Parse, resolve, trace, link and plan an experiment without training; says parameters, FLOPs and memory."`
	Graph  graphCmd  `cmd:"" help:"Print the program of an experiment at a stage of its way to the processor."`
	Eval   evalCmd   `cmd:"" help:"Probe a run's encoder beside the untrained one and raw pixels, and add the results to its report."`
	Views  viewsCmd  `cmd:"" help:"Draw a contact sheet: original images and the views that the plugins make of them."`
	Bench  benchCmd  `cmd:"" help:"Time the steps of an experiment: by kind of op, with FLOP/s and memory."`
	Plugin pluginCmd `cmd:"" help:"Plugins: write, build, test and list them."`
	Data   dataCmd   `cmd:"" help:"Datasets: list the public ones, get them, say what lies at a path."`
}

// console is what every verb gets.
type console struct {
	ctx         context.Context
	out, errout io.Writer
}

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// run is main with its effects passed in.
func run(args []string, stdout, stderr io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name("fw"), kong.Description("A self-supervised-learning lab for computer vision. Start with: fw run experiments/quickstart.toml"),
		kong.Writers(stdout, stderr), kong.Vars{"languages": strings.Join(scaffold.Languages(), ", ")}, kong.UsageOnError(), kong.Exit(func(n int) { code = n }))
	if err != nil {
		fmt.Fprintln(stderr, "fw:", err)
		return exitFailed
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err == nil {
		err = isa.Check()
	}
	if err != nil {
		fmt.Fprintln(stderr, "fw:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	switch err := k.Run(&console{ctx, stdout, stderr}); {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, err)
		return exitInterrupted
	default:
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
}
