package report

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestReportGolden(t *testing.T) {
	got, err := examplePage(t).Report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", got, bytes.Equal)
	back, err := Read(filepath.Join("testdata", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := examplePage(t).Report.filled(); !reflect.DeepEqual(back, want) {
		t.Errorf("read back %+v\nwant %+v", back, want)
	}
}

func TestEmptyReportHasNoNulls(t *testing.T) {
	got, err := Report{}.JSON()
	if err != nil || bytes.Contains(got, []byte("null")) {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestFloatsThatJSONHasNot(t *testing.T) {
	data, err := Report{Train: Train{LossFirst: 6.5, LossLast: Float(math.NaN())}, Collapse: Collapse{RankMe: Float(math.Inf(1))}}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil || r.Train.LossFirst != 6.5 || !math.IsNaN(float64(r.Train.LossLast)) || !math.IsNaN(float64(r.Collapse.RankMe)) {
		t.Errorf("%v, %+v", err, r.Train)
	}
}

func TestReadRefusesAnotherVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte(`{"schema_version": 2}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "expected schema_version 1, found 2") {
		t.Errorf("got %v", err)
	}
}

func TestHeadline(t *testing.T) {
	e := func(protocol, subject string, top1 float64, epoch int, choice string) Eval {
		return Eval{Protocol: protocol, Subject: subject, Top1: Float(top1), Epoch: epoch, Choice: choice}
	}
	for want, evals := range map[string][]Eval{
		"no evaluation of the trained encoder": {e(KNN, Pixels, 80, 0, Last)},
		"kNN 84.1 %":                           {e(KNN, Trained, 84.1, 5, Last)},
		"kNN 84.1 %: 7.9 points above the untrained encoder, 4.1 above raw pixels": {
			e(Linear, Trained, 90, 20, Last), e(KNN, Trained, 84.12, 20, Last), e(KNN, Trained, 80, 10, Last), e(KNN, Trained, 85, 15, Best),
			e(KNN, Untrained, 76.18, 0, Last), e(KNN, Pixels, 80.05, 0, Last), e(Linear, Pixels, 1, 0, Last)},
		"kNN 78.0 %: level with the untrained encoder, 2.0 below raw pixels": {
			e(KNN, Trained, 78.04, 5, Last), e(KNN, Untrained, 77.96, 0, Last), e(KNN, Pixels, 80, 0, Last)},
		"kNN 84.0 %: 4.0 points above raw pixels": { // compared under the same settings, and not with an earlier epoch
			e(KNN, Trained, 84, 5, Last), e(KNN, Pixels, 80, 0, Last), e(KNN, Trained, 70, 3, Epoch),
			{Protocol: KNN, Subject: Pixels, Top1: 60, Choice: Last, Settings: map[string]float64{"k": 1}}},
		"linear probe 70.0 %: 2.0 points above raw pixels": {e(Linear, Trained, 70, 5, Best), e(Linear, Pixels, 68, 0, Last)},
	} {
		if got := Headline(evals); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// TestEveryFieldIsDocumented: docs/report.md names each field of the schema, by its path.
func TestEveryFieldIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") {
			documented[name] = true
		}
	}
	var walk func(prefix string, s reflect.Type)
	walk = func(prefix string, s reflect.Type) {
		for s.Kind() == reflect.Pointer || s.Kind() == reflect.Slice {
			if s.Kind() == reflect.Slice {
				prefix += "[]"
			}
			s = s.Elem()
		}
		if s.Kind() != reflect.Struct {
			if !documented[prefix] {
				t.Errorf("docs/report.md has no row for `%s`", prefix)
			}
			delete(documented, prefix)
			return
		}
		for i := range s.NumField() {
			name := s.Field(i).Tag.Get("json")
			if prefix != "" {
				name = prefix + "." + name
			}
			walk(name, s.Field(i).Type)
		}
	}
	walk("", reflect.TypeFor[Report]())
	for name := range documented {
		t.Errorf("docs/report.md describes `%s`, which is not in the schema", name)
	}
}
