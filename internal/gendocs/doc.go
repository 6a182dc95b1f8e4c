// Command gendocs writes the documents that are made from the code: the reference
// of the configuration, the reference of the strategies, and the JSON Schema that
// editors use. `make docs` runs it; its test fails when what is committed differs
// from what it would write.
//
// The text around the tables is in the templates beside this file; field
// descriptions are the doc tags of the Config structs.
package main
