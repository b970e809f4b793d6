package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// classify tells answers that stay from those that another try may change.
func classify(err error) error {
	answer, ok := errors.AsType[*errcode.ErrorResponse](err)
	busy := ok && (answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout)
	if ok && !busy || errors.Is(err, errdef.ErrNotFound) || errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return finalError{err}
	}
	return err
}

// again does something until it succeeds, another try cannot help, or there were enough.
// Each try may take the time within, 0 for any.
func (o Options) again(ctx context.Context, within time.Duration, do func(context.Context) error) error {
	once := func() error {
		ctx, cancel := ctx, context.CancelFunc(func() {})
		if within > 0 {
			ctx, cancel = context.WithTimeout(ctx, within)
		}
		defer cancel()
		return do(ctx)
	}
	for try := 1; ; try++ {
		err := once()
		if err == nil || ctx.Err() != nil || try == tries {
			return err
		}
		if _, final := errors.AsType[finalError](classify(err)); final {
			return err
		}
		select {
		case <-time.After(o.Wait << (try - 1)):
		case <-ctx.Done():
		}
	}
}
