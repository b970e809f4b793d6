package sdk

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
)

// Calls as gRPC's specification has them: a message behind five bytes, a status in the
// trailer with its text percent-encoded, and nothing else believed.
func TestService(t *testing.T) {
	s := newService(func(m abi.Method, b []byte) ([]byte, error) {
		if string(b) == "bad" {
			return nil, errors.New("50 % of ü\nis \x1b")
		}
		return append([]byte(m.String()+" "), b...), nil
	})
	for _, c := range []struct{ path, body, reply, status, text string }{
		{"/fw.plugin.v1.Plugin/Trace", "\x00\x00\x00\x00\x02hi", "\x00\x00\x00\x00\x08Trace hi", "0", ""},
		{"/fw.plugin.v1.Plugin/Describe", "\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x09Describe ", "0", ""},
		{"/fw.plugin.v1.Plugin/Crop", "\x00\x00\x00\x00\x03bad", "", "3", "50 %25 of %C3%BC%0Ais %1B"},
		{"/fw.plugin.v1.Plugin/Crop", "\x00\x00\x00", "", "3", "grpc: a request without a message: unexpected EOF"},
		{"/fw.plugin.v1.Plugin/Crop", "\x00\x00\x00\x00\x09short", "", "3", "grpc: a message of 9 bytes: unexpected EOF"},
		{"/fw.plugin.v1.Plugin/Crop", "\x00\xff\xff\xff\xff", "", "3", "expected a plain message of at most"},
		{"/fw.plugin.v1.Plugin/Crop", "\x01\x00\x00\x00\x01x", "", "3", "compression 1"},
		{"/fw.plugin.v1.Plugin/Delete", "", "", "12", "no method /fw.plugin.v1.Plugin/Delete"},
		{healthCheck, "\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x02\x08\x01", "0", ""},
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, c.path, bytes.NewReader([]byte(c.body))))
		got := w.Result().Trailer
		if w.Body.String() != c.reply || got.Get("Grpc-Status") != c.status || !strings.Contains(got.Get("Grpc-Message"), c.text) || c.text == "" && got.Get("Grpc-Message") != "" {
			t.Errorf("%s %q: %q %v", c.path, c.body, w.Body, got)
		}
	}
}
