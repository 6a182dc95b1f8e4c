package stream

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Embedded is a NATS server with JetStream in this process.
type Embedded struct{ server *server.Server }

// StartEmbedded starts a server and waits until it takes connections. It listens
// on the loopback interface unless told otherwise.
func StartEmbedded(cfg EmbeddedConfig) (*Embedded, error) {
	if cfg.StoreDir == "" {
		return nil, errors.New("start NATS server: bus.embedded.store_dir is empty")
	}
	host, port, err := splitListen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("start NATS server: bus.embedded.listen %q: %w", cfg.Listen, err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "ttad-embedded", Host: host, Port: port,
		JetStream: true, StoreDir: cfg.StoreDir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("start NATS server on %q: not ready after 10s; is the address taken?", cfg.Listen)
	}
	return &Embedded{server: s}, nil
}

// URL is the address for clients.
func (e *Embedded) URL() string { return e.server.ClientURL() }

// Stop shuts the server down and waits for it.
func (e *Embedded) Stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}

// splitListen reads host:port; nothing is a free port of the loopback interface.
func splitListen(listen string) (string, int, error) {
	if listen == "" {
		return "127.0.0.1", server.RANDOM_PORT, nil
	}
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("port %q", text)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}
