package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const victimEnv = "FW_CHECKPOINT_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victimEnv); path != "" {
		fmt.Println(victim(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// victim goes on from the last checkpoint, saving every step, until it is killed.
func victim(path string) error {
	f, err := OpenFolder(path, 2)
	if err != nil {
		return err
	}
	step := 0
	if c, err := f.Last(); err == nil {
		step = c.Meta.Step
	}
	fmt.Println("ready")
	for {
		step++
		m, items := state(step)
		if err := f.SaveEpoch(m, items); err != nil {
			return err
		}
	}
}

// TestKilledWritersLeaveAWholeCheckpoint kills a saving process at random moments.
func TestKilledWritersLeaveAWholeCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	before := 0
	for round := 0; round < 8 || round < 40 && before == 0; round++ { // more where a save takes long
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), victimEnv+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Errorf("the saving process said %q", line)
		}
		time.Sleep(time.Duration(20+random.IntN(40)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed

		f, err := OpenFolder(path, 2)
		if err != nil {
			t.Fatal(err)
		}
		c, err := f.Last()
		if errors.Is(err, os.ErrNotExist) && before == 0 {
			continue // it was killed before it had saved once
		}
		if err != nil {
			t.Fatal(err)
		}
		if step := is(t, c); step < before {
			t.Fatalf("step %d was saved, step %d is left", before, step)
		} else {
			before = step
		}
		epochs, err := f.Epochs()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range epochs {
			if _, err := Verify(f.EpochPath(e)); err != nil {
				t.Error(err)
			}
		}
		if entries, _ := os.ReadDir(path); len(entries) != len(epochs)+1 {
			t.Errorf("left behind: %v", entries)
		}
	}
	if before == 0 {
		t.Error("nothing was ever saved")
	}
}
