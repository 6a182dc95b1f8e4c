package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// endpoint serves health and metrics. It is loopback by default and read-only.
type endpoint struct {
	listener net.Listener
	server   *http.Server
}

// health is the body of /readyz.
type health struct {
	Ready  bool              `json:"ready"`
	Bus    string            `json:"bus"`
	Groups map[string]string `json:"groups"`
}

func openEndpoint(listen string, m *metrics, ready func() health, scores func() map[string]Scores) (*endpoint, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("open http.listen %s: %w", listen, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		h := ready()
		status := http.StatusOK
		if !h.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, h)
	})
	mux.HandleFunc("GET /scores", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, scores()) })
	return &endpoint{listener: l, server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client is gone when this errs; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(v)
}

func (e *endpoint) addr() string { return e.listener.Addr().String() }

// run serves until ctx ends.
func (e *endpoint) run(ctx context.Context) error {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if e.server.Shutdown(grace) != nil {
			e.server.Close()
		}
	})
	err := e.server.Serve(e.listener)
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve http: %w", err)
}
