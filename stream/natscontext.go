package stream

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"
)

// target is where and as whom to connect. The JSON names are those of a context
// file of the nats command.
type target struct {
	url      string
	URL      string `json:"url"`
	Creds    string `json:"creds"`
	NKey     string `json:"nkey"`
	User     string `json:"user"`
	Password string `json:"password"`
	Token    string `json:"token"`
	CA       string `json:"ca"`
	Cert     string `json:"cert"`
	Key      string `json:"key"`
	Inbox    string `json:"inbox_prefix"`
	Domain   string `json:"jetstream_domain"`
}

// target resolves the one of context, servers and embedded that is given; with
// none of them it is the local server.
func (cfg BusConfig) target() (target, error) {
	ways := 0
	for _, given := range []bool{cfg.Context != "", len(cfg.Servers) > 0, cfg.Embedded != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return target{}, errors.New("bus: give one of context, servers and embedded, not several")
	}
	t := target{
		url: strings.Join(cfg.Servers, ","), Creds: cfg.Creds, NKey: cfg.NKey,
		User: cfg.User, Password: cfg.Password, Token: cfg.Token, CA: cfg.TLS.CA, Cert: cfg.TLS.Cert, Key: cfg.TLS.Key,
	}
	if cfg.Context != "" {
		var err error
		if t, err = readContext(cfg.Context); err != nil {
			return t, fmt.Errorf("bus: %w", err)
		}
	}
	t.Inbox, t.Domain = cmp.Or(cfg.InboxPrefix, t.Inbox), cmp.Or(cfg.Domain, t.Domain)
	if t.url == "" {
		t.url = nats.DefaultURL
	}
	return t, nil
}

// readContext reads a context of the nats command; "selected" is the one that
// 'nats context select' chose.
func readContext(name string) (target, error) {
	var t target
	dir, err := contextDir()
	if err != nil {
		return t, err
	}
	if name == "selected" {
		b, err := os.ReadFile(filepath.Join(dir, "context.txt"))
		if err != nil {
			return t, fmt.Errorf("no NATS context is selected; run 'nats context select': %w", err)
		}
		name = strings.TrimSpace(string(b))
	}
	if name == "" || strings.ContainsAny(name, `/\`) || name == ".." {
		return t, fmt.Errorf("NATS context %q is not a name", name)
	}
	b, err := os.ReadFile(filepath.Join(dir, "context", name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, fmt.Errorf("NATS context %q does not exist; 'nats context ls' lists them, 'nats context add %s' makes it: %w", name, name, err)
	}
	if err != nil {
		return t, fmt.Errorf("NATS context %q: %w", name, err)
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return t, fmt.Errorf("NATS context %q: %w", name, err)
	}
	if err := supported(b); err != nil {
		return t, fmt.Errorf("NATS context %q: %w", name, err)
	}
	t.url = t.URL
	for _, path := range []*string{&t.Creds, &t.NKey, &t.CA, &t.Cert, &t.Key} {
		*path = expandHome(*path)
	}
	return t, nil
}

// supported refuses a context that says how to connect in a way that ttad does not
// know; leaving it out would connect as somebody else, or to something else.
func supported(text []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	for _, f := range []struct{ name, instead string }{
		{"nsc", "export the user's credentials with 'nsc generate creds' and name that file in the context's creds, or in bus.creds_file"},
		{"user_jwt", "put the token and its seed in a credentials file and name it in the context's creds"},
		{"socks_proxy", "connect without a proxy"},
		{"tls_first", "use a server that does not ask for TLS first"},
		{"jetstream_api_prefix", "use jetstream_domain"},
	} {
		if v := fields[f.name]; v != nil && v != "" && v != false {
			return fmt.Errorf("%s is not supported; %s", f.name, f.instead)
		}
	}
	return nil
}

// contextDir follows the XDG rule the nats command follows, on every system.
func contextDir() (string, error) {
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "nats"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find NATS contexts: %w", err)
	}
	return filepath.Join(home, ".config", "nats"), nil
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// options translates credentials and files.
func (t target) options() ([]nats.Option, error) {
	var out []nats.Option
	if t.Inbox != "" {
		out = append(out, nats.CustomInboxPrefix(t.Inbox))
	}
	if t.Creds != "" {
		out = append(out, nats.UserCredentials(t.Creds))
	}
	if t.NKey != "" {
		o, err := nats.NkeyOptionFromSeed(t.NKey)
		if err != nil {
			return nil, fmt.Errorf("bus: read nkey %s: %w", t.NKey, err)
		}
		out = append(out, o)
	}
	if t.User != "" {
		out = append(out, nats.UserInfo(t.User, t.Password))
	}
	if t.Token != "" {
		out = append(out, nats.Token(t.Token))
	}
	if t.CA != "" {
		out = append(out, nats.RootCAs(t.CA))
	}
	if t.Cert != "" || t.Key != "" {
		out = append(out, nats.ClientCert(t.Cert, t.Key))
	}
	return out, nil
}

// redacted is the address without a password in it.
func (t target) redacted() string {
	servers := strings.Split(t.url, ",")
	for i, s := range servers {
		if u, err := url.Parse(strings.TrimSpace(s)); err == nil {
			servers[i] = u.Redacted()
		}
	}
	return strings.Join(servers, ",")
}
