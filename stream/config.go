package stream

import "time"

// BusConfig says which NATS server to use: exactly one of Context, Servers,
// Embedded.
type BusConfig struct {
	Context  string          `yaml:"context" doc:"A context of the nats command line tool; 'selected' takes the selected one." reload:"cold"`
	Servers  []string        `yaml:"servers" doc:"Server URLs, such as nats://127.0.0.1:4222 or tls://host:4222." secret:"url" reload:"cold"`
	Creds    string          `yaml:"creds_file" doc:"Credentials file (JWT and seed)." reload:"cold"`
	NKey     string          `yaml:"nkey_file" doc:"NKey seed file." reload:"cold"`
	User     string          `yaml:"user" doc:"User name." reload:"cold"`
	Password string          `yaml:"password" doc:"Password; take it from the environment, ${NATS_PASSWORD}." secret:"true" reload:"cold"`
	Token    string          `yaml:"token" doc:"Token; take it from the environment." secret:"true" reload:"cold"`
	TLS      TLSConfig       `yaml:"tls" doc:"TLS files, for tls:// servers." reload:"cold"`
	Embedded *EmbeddedConfig `yaml:"embedded" doc:"Run a NATS server with JetStream inside this process." reload:"cold"`

	InboxPrefix string `yaml:"inbox_prefix" doc:"Where replies come in, for accounts that may not subscribe to _INBOX.>. Default: as the context says, else _INBOX" reload:"cold"`
	Domain      string `yaml:"domain" doc:"JetStream domain, for streams behind a leaf node. Default: as the context says, else none" reload:"cold"`

	Prefix    string `yaml:"prefix" doc:"First token of ttad's own subjects." pattern:"^[A-Za-z0-9_-]+$" reload:"cold"`
	Provision bool   `yaml:"provision" doc:"Create missing streams and consumers. Without it, what is missing is an error that prints the command to make it." reload:"cold"`
}

// TLSConfig names PEM files.
type TLSConfig struct {
	CA   string `yaml:"ca_file" doc:"Certificate authorities to trust." reload:"cold"`
	Cert string `yaml:"cert_file" doc:"Client certificate." reload:"cold"`
	Key  string `yaml:"key_file" doc:"Client key." reload:"cold"`
}

// EmbeddedConfig sets up the in-process server.
type EmbeddedConfig struct {
	StoreDir string `yaml:"store_dir" doc:"JetStream storage folder." reload:"cold"`
	Listen   string `yaml:"listen" doc:"Address for clients; port 0 picks a free one." reload:"cold"`
}

// InputConfig says what is consumed and how bytes become rows.
type InputConfig struct {
	Subjects  []string  `yaml:"subjects" doc:"Subjects to consume. Default: <prefix>.<group>.in.>" reload:"cold"`
	Stream    string    `yaml:"stream" doc:"JetStream stream holding the subjects. Default: found by subject, or IN_<group> when provisioning. 'none' uses core NATS: at most once." reload:"cold"`
	NonFinite string    `yaml:"non_finite" doc:"NaN or infinite input values: reject puts the message on the dead letter subject, source answers it from the source view and never learns from it." enum:"reject,source" reload:"cold"`
	Layout    string    `yaml:"layout" doc:"Axis order of incoming images; nhwc is transposed to the model's nchw." enum:"nchw,nhwc" reload:"cold"`
	Scale     float64   `yaml:"scale" doc:"UINT8 inputs are multiplied by this first, then mean and std are applied." reload:"cold"`
	Mean      []float64 `yaml:"mean" doc:"Subtracted per channel after scale; one value or one a channel. UINT8 inputs only." reload:"cold"`
	Std       []float64 `yaml:"std" doc:"Divided by, per channel, after mean; one value or one a channel. UINT8 inputs only." reload:"cold"`
}

// BatchConfig says when a batch closes: on whichever limit is reached first.
type BatchConfig struct {
	MaxRows  int           `yaml:"max_rows" doc:"Rows in one forward; a message with more is refused." range:"[1,65536]" reload:"cold"`
	MaxDelay time.Duration `yaml:"max_delay" doc:"Age of the oldest row at which a batch closes." range:"[0s,1m]" reload:"cold"`
	MaxBytes int64         `yaml:"max_bytes" unit:"bytes" doc:"Message bytes at which a batch closes." range:"[1KiB,1GiB]" reload:"cold"`
	GroupBy  string        `yaml:"group_by" doc:"none: one batch for all subjects. key: rows of different keys never share a batch." enum:"none,key" reload:"cold"`
	MaxKeys  int           `yaml:"max_keys" doc:"group_by key: open batches at the same time; one more closes the oldest." range:"[1,100000]" reload:"cold"`
}

// OutputConfig shapes what is published.
type OutputConfig struct {
	Probs       string   `yaml:"probs" doc:"top: the top_k classes. full: the whole vector too. none: class and its probability only." enum:"none,top,full" reload:"cold"`
	TopK        int      `yaml:"top_k" doc:"Classes listed in top." range:"[1,1000]" reload:"cold"`
	Format      string   `yaml:"format" doc:"ttad: an object with rows. oip: an Open Inference Protocol response." enum:"ttad,oip" reload:"cold"`
	Source      bool     `yaml:"source" doc:"Tell in every row what the unadapted model said. Costs one more forward when every pipeline changes the model; a guard that compares with the source runs it all the same." reload:"cold"`
	Trail       bool     `yaml:"trail" doc:"List what each strategy did to the row." reload:"cold"`
	CopyHeaders []string `yaml:"copy_headers" doc:"Input headers copied to the output." reload:"cold"`
}

// CommitConfig says what is promised between input and output.
type CommitConfig struct {
	Mode string `yaml:"mode" doc:"ordered: outputs are stored before inputs are acknowledged; a repeat after a crash is dropped by the server within its duplicate window. none: core NATS in or out, at most once." enum:"ordered,none" reload:"cold"`
}

// DeadLetterConfig says how dead letters are written.
type DeadLetterConfig struct {
	MaxBody int64 `yaml:"max_body" unit:"bytes" doc:"Bytes of the body kept." range:"[0B,64MiB]" reload:"cold"`
}

// LimitsConfig bounds what one group takes.
type LimitsConfig struct {
	RowElements       int           `yaml:"row_elements" doc:"Values in one row over all inputs." range:"[1,100000000]" reload:"cold"`
	MessageBytes      int64         `yaml:"message_bytes" unit:"bytes" doc:"Size of one message; larger ones are dead letters." range:"[1KiB,64MiB]" reload:"cold"`
	InFlightRows      int           `yaml:"in_flight_rows" doc:"Rows taken from the server and not yet answered; at least twice batch.max_rows keeps the model busy. Default: 512, or twice batch.max_rows where that is more." range:"[1,10000000]" reload:"cold"`
	Deadline          time.Duration `yaml:"deadline" doc:"Longest time for the champion's answer to one batch; a batch over it goes to the dead letter subject. Other pipelines that are late are left out." range:"[10ms,10m]" reload:"cold"`
	FeedbackPerSecond int           `yaml:"feedback_per_second" doc:"Labels taken a second, on average; more wait on the server." range:"[1,1000000]" reload:"cold"`
}

// DefaultBus is the local server.
func DefaultBus() BusConfig { return BusConfig{Prefix: "tta"} }

// DefaultInput takes FP32 as it is and scales bytes to [0,1].
func DefaultInput() InputConfig {
	return InputConfig{NonFinite: "reject", Layout: "nchw", Scale: 1.0 / 255}
}

// DefaultBatch suits a small vision model.
func DefaultBatch() BatchConfig {
	return BatchConfig{MaxRows: 64, MaxDelay: 20 * time.Millisecond, MaxBytes: 8 << 20, GroupBy: "none", MaxKeys: 256}
}

// DefaultOutput lists five classes, the source's answer and the trail.
func DefaultOutput() OutputConfig {
	return OutputConfig{Probs: "top", TopK: 5, Format: "ttad", Source: true, Trail: true}
}

// DefaultCommit is ordered.
func DefaultCommit() CommitConfig { return CommitConfig{Mode: "ordered"} }

// DefaultDeadLetter keeps 1 MiB.
func DefaultDeadLetter() DeadLetterConfig { return DeadLetterConfig{MaxBody: 1 << 20} }

// DefaultLimits fit NATS' own default message size.
func DefaultLimits() LimitsConfig {
	return LimitsConfig{RowElements: 1_000_000, MessageBytes: 1 << 20, InFlightRows: 512, Deadline: 5 * time.Second, FeedbackPerSecond: 500}
}
