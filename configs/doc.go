// Package configs is the YAML file: its schema, defaults, strict decoding with
// every error at once, environment expansion, validation, and the difference
// between two versions. It builds nothing: each room's constructor takes that
// room's own Config, which this package only fills in.
//
// A Config is a struct whose exported fields carry the tags read here:
//
//	yaml:"max_rows"      name in the file
//	doc:"..."            one or two sentences for schema, example and docs
//	range:"[1,65536]"    bounds, inclusive with [ ], exclusive with ( ); in the field's unit
//	enum:"a,b"           allowed words
//	pattern:"^...$"      regular expression a string must match (empty passes unless required)
//	unit:"bytes"         an int64 written with a unit (64MiB); time.Duration always has one (20ms)
//	required:"true"      must be given
//	secret:"true"        printed as ***; secret:"url" hides the password in a URL
//	reload:"hot"         hot | warm | cold: what a change of this field takes
//	tune:"0.5,0.7,0.9"   values 'ttad tune' tries for a strategy's parameter
//
// A type may have Check(report func(path, message string)) for rules across
// fields; path is relative to the value ("" for itself). It is called only for a
// value in which nothing else is wrong.
//
// Everything else is made from the same tags: Load decodes by them, Render, Schema
// and Sections print them, Diff classes changes by them.
//
// Load goes in five steps, one file each: parse (bytes to nodes, bounded), inspect
// (what may not be in any document), walk with scalar and strategies (nodes to
// values), finish (what follows from the rest), check (rules across fields).
//
// Next: package internal/daemon, which builds rooms from a File, and
// docs/configuration.md, which users read.
package configs
