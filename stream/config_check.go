package stream

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Check reports what is wrong between the fields: which server is meant, and as
// whom to connect to it.
func (c BusConfig) Check(report func(path, message string)) {
	given := []string{}
	for _, way := range []struct {
		name string
		used bool
	}{{"context", c.Context != ""}, {"servers", len(c.Servers) > 0}, {"embedded", c.Embedded != nil}} {
		if way.used {
			given = append(given, way.name)
		}
	}
	switch {
	case len(given) == 0:
		report("", "one of context, servers and embedded is needed, such as servers: [nats://127.0.0.1:4222]")
	case len(given) > 1:
		report(given[len(given)-1], fmt.Sprintf("%s are both given; exactly one of context, servers and embedded is", strings.Join(given, " and ")))
	}
	for i, s := range c.Servers {
		u, err := url.Parse(s)
		if err == nil && u.Host != "" && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			continue
		}
		shown := strconv.Quote(s)
		if strings.Contains(s, "@") {
			shown = "this (not shown, it may hold a password)"
		}
		report(fmt.Sprintf("servers[%d]", i), shown+" is not a server URL such as nats://127.0.0.1:4222 or tls://host:4222")
	}
	if problem := subjectProblem(c.InboxPrefix); c.InboxPrefix != "" && (problem != "" || strings.ContainsAny(c.InboxPrefix, "*>")) {
		report("inbox_prefix", fmt.Sprintf("%q is not a subject without wildcards, such as _INBOX_ttad", c.InboxPrefix))
	}
	if strings.ContainsAny(c.Domain, ".*> \t\r\n/\\") {
		report("domain", fmt.Sprintf("%q is not a domain name: no dots, wildcards, slashes or spaces", c.Domain))
	}
	c.checkIdentity(report)
}

// checkIdentity refuses two ways to log in, and any where they do not apply.
func (c BusConfig) checkIdentity(report func(path, message string)) {
	ways := []string{}
	for _, way := range []struct{ name, value string }{
		{"creds_file", c.Creds}, {"nkey_file", c.NKey}, {"user", c.User}, {"token", c.Token},
	} {
		if way.value != "" {
			ways = append(ways, way.name)
		}
	}
	switch {
	case len(ways) > 1:
		report(ways[1], fmt.Sprintf("%s and %s are both given; a connection has one identity", ways[0], ways[1]))
	case len(ways) == 1 && c.Embedded != nil:
		report(ways[0], "the embedded server asks for no identity")
	case len(ways) == 1 && c.Context != "":
		report(ways[0], "the context already says who connects")
	}
	if c.Password != "" && c.User == "" {
		report("password", "given without user")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		report("tls", "cert_file and key_file are given together or not at all")
	}
}

// Check reports an address no client can be told.
func (c EmbeddedConfig) Check(report func(path, message string)) {
	if c.Listen == "" {
		return
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		report("listen", fmt.Sprintf("%q is not host:port, such as 127.0.0.1:4222 or 127.0.0.1:0", c.Listen))
	}
}

// Check reports subjects no server would accept and scaling no image survives.
func (c InputConfig) Check(report func(path, message string)) {
	for i, s := range c.Subjects {
		at := fmt.Sprintf("subjects[%d]", i)
		if problem := subjectProblem(s); problem != "" {
			report(at, fmt.Sprintf("%q is not a subject: %s", s, problem))
			continue
		}
		for _, before := range c.Subjects[:i] {
			if subjectProblem(before) == "" && SubjectsOverlap(s, before) {
				report(at, fmt.Sprintf("%q and %q can match the same message; a consumer's subjects must not", s, before))
			}
		}
	}
	if strings.ContainsAny(c.Stream, ".*> \t\r\n/\\") {
		report("stream", fmt.Sprintf("%q is not a stream name: no dots, wildcards, slashes or spaces", c.Stream))
	}
	c.checkScaling(report)
}

func (c InputConfig) checkScaling(report func(path, message string)) {
	if c.Scale == 0 {
		report("scale", "0 would make every input the same")
	}
	if m, s := len(c.Mean), len(c.Std); m > 1 && s > 1 && m != s {
		report("std", fmt.Sprintf("%d values, mean has %d; each has one value or one a channel", s, m))
	}
	for i, s := range c.Std {
		if s == 0 {
			report(fmt.Sprintf("std[%d]", i), "0 would divide by zero")
		}
	}
}

// subjectProblem says why s cannot be subscribed to, or "".
func subjectProblem(s string) string {
	tokens := strings.Split(s, ".")
	for i, t := range tokens {
		switch {
		case t == "":
			return "a token between dots is empty"
		case strings.ContainsAny(t, " \t\r\n\f"):
			return "it contains a space"
		case t == ">" && i < len(tokens)-1:
			return "> comes last"
		case strings.ContainsAny(t, "*>") && len(t) > 1:
			return "a wildcard is a whole token"
		}
	}
	return ""
}

// SubjectsOverlap says whether one message subject can match both patterns.
func SubjectsOverlap(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		switch {
		case x[i] == ">" || y[i] == ">":
			return true
		case x[i] != "*" && y[i] != "*" && x[i] != y[i]:
			return false
		}
	}
	return len(x) == len(y)
}
