package configs

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// byteUnits are the units of sizes, larger ones first so that a size is printed
// in the largest unit that divides it. Decimal units are read but not printed.
var byteUnits = [...]struct {
	name    string
	factor  float64
	printed bool
}{
	{"TiB", 1 << 40, true}, {"GiB", 1 << 30, true}, {"MiB", 1 << 20, true}, {"KiB", 1 << 10, true},
	{"TB", 1e12, false}, {"GB", 1e9, false}, {"MB", 1e6, false}, {"KB", 1e3, false}, {"kB", 1e3, false},
	{"B", 1, true},
}

var (
	bareNumber    = regexp.MustCompile(`^[-+]?[0-9]*\.?[0-9]+$`)
	bytesShape    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(TiB|GiB|MiB|KiB|TB|GB|MB|KB|kB|B)$`)
	durationShape = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`)
)

// parseBytes reads a size such as 64MiB. A bare number is refused: whether 64 is
// bytes or megabytes is what a unit is there to say.
func parseBytes(s string) (int64, error) {
	if bareNumber.MatchString(s) {
		return 0, fmt.Errorf("a size needs a unit, such as %sB or 64MiB; got %s", strings.TrimLeft(s, "+-"), s)
	}
	if !bytesShape.MatchString(s) {
		return 0, fmt.Errorf("expected a size such as 512B, 16KiB or 64MiB, got %s", quote(s))
	}
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n*u.factor >= math.MaxInt64 {
			return 0, fmt.Errorf("size %s is too large", quote(s))
		}
		if n*u.factor != math.Trunc(n*u.factor) {
			return 0, fmt.Errorf("size %s is not a whole number of bytes", quote(s))
		}
		return int64(n * u.factor), nil
	}
	return 0, fmt.Errorf("size %s has no unit", quote(s))
}

// formatBytes writes a size in the largest binary unit that divides it.
func formatBytes(n int64) string {
	for _, u := range byteUnits {
		if f := int64(u.factor); u.printed && n != 0 && n%f == 0 {
			return strconv.FormatInt(n/f, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// parseDuration reads a duration such as 20ms or 1m30s; a bare number, even 0, is
// refused.
func parseDuration(s string) (time.Duration, error) {
	if bareNumber.MatchString(s) {
		return 0, fmt.Errorf("a duration needs a unit, such as %sms or 1m30s; got %s", strings.TrimLeft(s, "+-"), s)
	}
	if !durationShape.MatchString(s) {
		return 0, fmt.Errorf("expected a duration such as 20ms, 1m30s or 24h, got %s", quote(s))
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("duration %s is too long", quote(s))
	}
	return d, nil
}

// sizeHint proposes what a mistyped size was meant to be: a space before the
// unit, its letters in another case, its B left out.
func sizeHint(s string) string {
	tight := strings.ReplaceAll(s, " ", "")
	number := strings.TrimRight(tight, "BbKkMmGgTtIi")
	unit := tight[len(number):]
	for _, u := range byteUnits {
		if c := number + u.name; unit != "" && (strings.EqualFold(unit, u.name) || strings.EqualFold(unit+"B", u.name)) && bytesShape.MatchString(c) && c != s {
			return "did you mean " + c + "?"
		}
	}
	return ""
}

// durationHint proposes what a mistyped duration was meant to be: a space before
// the unit, a capital letter, days.
func durationHint(s string) string {
	tight := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	if days, ok := strings.CutSuffix(tight, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return fmt.Sprintf("did you mean %dh?", n*24)
		}
	}
	if tight != s && durationShape.MatchString(tight) {
		return "did you mean " + tight + "?"
	}
	return ""
}

// formatDuration is Go's form without the zero parts it appends: 24h, not 24h0m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote prints a value in a message, cut so that a message stays a line.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
