package rundir

import (
	"encoding/json"
	"fmt"
	"os"
)

// State is how a run stands.
type State string

const (
	Running     State = "running"     // or killed, if no process holds its lock
	Completed   State = "completed"   // everything asked for was done
	Failed      State = "failed"      // an error, in Message
	Interrupted State = "interrupted" // stopped by the user, and can go on
)

// Status is status.json.
type Status struct {
	State   State  `json:"state"`
	PID     int    `json:"pid"`
	Step    int    `json:"step"`
	Epoch   int    `json:"epoch"`
	Message string `json:"message"`
}

// SetStatus replaces status.json.
func (r *Run) SetStatus(s Status) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("run: status: %w", err)
	}
	return r.Write(r.Status(), append(data, '\n'))
}

// ReadStatus reads status.json.
func (d Dir) ReadStatus() (Status, error) {
	var s Status
	data, err := os.ReadFile(d.Status())
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return Status{}, fmt.Errorf("run: status of %s: %w", d, err)
	}
	switch s.State {
	case Running, Completed, Failed, Interrupted:
		return s, nil
	}
	return Status{}, fmt.Errorf("run: status of %s: unknown state %q", d, s.State)
}
