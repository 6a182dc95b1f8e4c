package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// duplicateWindow is how long the server remembers message ids; JetStream's own
// default, stated because "once" in commit mode ordered holds within it.
const duplicateWindow = 2 * time.Minute

// findStream names the stream that stores a subject, or "" when none does.
func findStream(ctx context.Context, conn *Conn, subject string) (string, error) {
	name, err := conn.js.StreamNameBySubject(ctx, subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up the stream of %q: %w", subject, err)
	}
	return name, nil
}

// ensureOutput makes sure that a stream stores what the group publishes.
func ensureOutput(ctx context.Context, conn *Conn, o GroupOptions) error {
	s := o.subjects()
	missing := ""
	for _, subject := range []string{s.Out("x"), s.Alt("x", "x"), s.DLQ()} {
		name, err := findStream(ctx, conn, subject)
		if err != nil {
			return err
		}
		if name == "" {
			missing = subject
			break
		}
	}
	if missing == "" {
		return nil
	}
	name := "TTAD_" + o.Group
	if !o.Provision {
		return missingf("no stream stores %s; set bus.provision: true, or run\n  nats stream add %s --subjects %s --storage file --dupe-window 2m --defaults",
			missing, name, quoted(s.Stored()))
	}
	_, err := conn.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: s.Stored(), Storage: jetstream.FileStorage, Duplicates: duplicateWindow,
		AllowDirect: true, AllowAtomicPublish: true,
		Description: "Predictions, dead letters and events of ttad group " + o.Group,
	})
	if err != nil {
		return fmt.Errorf("create stream %s for %v: %w", name, s.Stored(), err)
	}
	return nil
}

// storage is a stream a group reads from.
type storage struct {
	section   string   // of the configuration
	named     string   // by the configuration, empty to find it by subject
	subjects  []string // all of which it stores
	made      string   // its name when it is made here
	about     string
	provision bool
}

func (o GroupOptions) inputStorage() storage {
	return storage{
		section: "input", named: o.Input.Stream, subjects: o.Input.Subjects, made: "IN_" + o.Group,
		about: "Input of ttad group " + o.Group, provision: o.Provision,
	}
}

// ensure returns the stream that stores all of the subjects.
func (s storage) ensure(ctx context.Context, conn *Conn) (jetstream.Stream, error) {
	name := s.named
	if name == "" {
		var err error
		if name, err = s.find(ctx, conn); err != nil {
			return nil, err
		}
	}
	if name != "" {
		stream, err := conn.js.Stream(ctx, name)
		if err == nil {
			return stream, s.check(stream.CachedInfo().Config)
		}
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fmt.Errorf("look up stream %s: %w", name, err)
		}
	} else {
		name = s.made
	}
	if !s.provision {
		return nil, missingf("no stream stores %s; set bus.provision: true, set %s.stream: none for core NATS, or run\n  nats stream add %s --subjects %s --storage file --defaults",
			quoted(s.subjects), s.section, name, quoted(s.subjects))
	}
	stream, err := conn.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: s.subjects, Storage: jetstream.FileStorage, Duplicates: duplicateWindow, AllowDirect: true, Description: s.about,
	})
	if err != nil {
		return nil, fmt.Errorf("create stream %s for %v: %w", name, s.subjects, err)
	}
	return stream, nil
}

// find names the one stream that has the subjects, or "".
func (s storage) find(ctx context.Context, conn *Conn) (name string, err error) {
	for _, subject := range s.subjects {
		found, err := findStream(ctx, conn, subject)
		if err != nil {
			return "", err
		}
		switch {
		case found == "":
		case name != "" && name != found:
			return "", fmt.Errorf("%s.subjects are in two streams, %s and %s; a group reads one", s.section, name, found)
		default:
			name = found
		}
	}
	return name, nil
}

// check refuses a stream that misses one of the subjects. A stream that only
// mirrors or sources others has no subjects of its own to compare.
func (s storage) check(cfg jetstream.StreamConfig) error {
	if cfg.Mirror != nil || len(cfg.Sources) > 0 {
		return nil
	}
	for _, want := range s.subjects {
		if !slices.ContainsFunc(cfg.Subjects, func(have string) bool { return covers(have, want) }) {
			return fmt.Errorf("stream %s stores %v, not %s subject %q; run\n  nats stream edit %s --subjects %s",
				cfg.Name, cfg.Subjects, s.section, want, cfg.Name, quoted(append(slices.Clone(cfg.Subjects), want)))
		}
	}
	return nil
}

// covers reports whether every subject matching the pattern inner matches outer.
func covers(outer, inner string) bool {
	out, in := splitSubject(outer), splitSubject(inner)
	for i, token := range out {
		if token == ">" {
			return i < len(in)
		}
		if i >= len(in) || in[i] == ">" || token != "*" && token != in[i] {
			return false
		}
	}
	return len(out) == len(in)
}

func quoted(subjects []string) string { return "'" + strings.Join(subjects, ",") + "'" }
