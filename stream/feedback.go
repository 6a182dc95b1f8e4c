package stream

import (
	"fmt"
	"strings"
	"time"

	"ttad/tta"
)

// FeedbackConfig says where labels come from and how long an answer waits for its.
type FeedbackConfig struct {
	Subject     string        `yaml:"subject" doc:"Subject of labels. Default: <prefix>.<group>.feedback" reload:"cold"`
	Stream      string        `yaml:"stream" doc:"JetStream stream holding the subject. Default: found by subject, or FB_<group> when provisioning. 'none' uses core NATS: at most once." reload:"cold"`
	Window      time.Duration `yaml:"window" doc:"How long after its answer a label still counts; later ones are expired." range:"[1s,8760h]" reload:"warm"`
	LedgerRows  int           `yaml:"ledger_rows" doc:"Answered rows that wait for their labels; the oldest leave first." range:"[1,100000000]" reload:"warm"`
	LedgerBytes int64         `yaml:"ledger_bytes" unit:"bytes" doc:"Memory those rows may take; the oldest leave first." range:"[1MiB,1024GiB]" reload:"warm"`
	MaxWait     time.Duration `yaml:"max_wait" doc:"How long a label waits for an item that has not been answered yet; after that it is unknown." range:"[0s,24h]" reload:"cold"`
	ScoreRows   int           `yaml:"score_rows" doc:"Labelled rows the windowed scores look back on." range:"[10,1000000]" reload:"warm"`
}

// DefaultFeedback waits a day for labels, as tta.DefaultLedger does, and five
// minutes for their items.
func DefaultFeedback() FeedbackConfig {
	l := tta.DefaultLedger()
	return FeedbackConfig{Window: l.MaxAge, LedgerRows: l.Rows, LedgerBytes: l.Bytes, MaxWait: 5 * time.Minute, ScoreRows: l.ScoreRows}
}

// Ledger is the part of the configuration that bounds the group's ledger.
func (c FeedbackConfig) Ledger() tta.LedgerConfig {
	return tta.LedgerConfig{Rows: c.LedgerRows, Bytes: c.LedgerBytes, MaxAge: c.Window, ScoreRows: c.ScoreRows}
}

// Check reports a subject no server would accept.
func (c FeedbackConfig) Check(report func(path, message string)) {
	if problem := subjectProblem(c.Subject); c.Subject != "" && problem != "" {
		report("subject", fmt.Sprintf("%q is not a subject: %s", c.Subject, problem))
	}
	if strings.ContainsAny(c.Stream, ".*> \t\r\n/\\") {
		report("stream", fmt.Sprintf("%q is not a stream name: no dots, wildcards, slashes or spaces", c.Stream))
	}
}
