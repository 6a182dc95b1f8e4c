package dynlib

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// checkFile refuses a library whose file ends before its contents do, as an
// interrupted installation leaves it: the system's loader would map what is not there
// and the process would die of it. Everything else the loader says itself.
func checkFile(name string) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	for _, path := range candidates(name) {
		if reason := truncated(path); reason != "" {
			return &BrokenError{Name: path, Reason: reason}
		}
	}
	return nil
}

// candidates are the files a name may stand for.
func candidates(name string) []string {
	if strings.ContainsRune(name, '/') {
		return []string{name}
	}
	var paths []string
	for _, dir := range append(filepath.SplitList(os.Getenv("LD_LIBRARY_PATH")), libraryFolders()...) {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// libraryFolders are where distributions of Linux keep libraries.
func libraryFolders() []string {
	triple := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	return []string{"/lib/" + triple, "/usr/lib/" + triple, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"}
}

// present is the first file that a name may stand for. The loader passes over those
// of other machines as if they were not there.
func present(name string) string {
	for _, path := range candidates(name) {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// truncated says how much of an ELF file is missing; nothing if it is whole, or not
// one that this machine would load. Package debug/elf does not open what has lost its
// end, so the headers are read here.
func truncated(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	if end := extent(f); end > info.Size() {
		return fmt.Sprintf("the file ends at byte %d, its contents at byte %d: install it again", info.Size(), end)
	}
	return ""
}

// extent is where the last segment of a 64-bit little-endian ELF file ends by its
// headers; 0 for any other file.
func extent(r io.ReaderAt) int64 {
	var h elf.Header64
	if read(r, 0, &h) != nil || string(h.Ident[:4]) != elf.ELFMAG ||
		elf.Class(h.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(h.Ident[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return 0
	}
	end := int64(0)
	for i := range int64(h.Phnum) {
		var p elf.Prog64
		at := int64(h.Phoff) + i*int64(h.Phentsize)
		if read(r, at, &p) != nil {
			return max(end, at+int64(binary.Size(p)))
		}
		if elf.ProgType(p.Type) == elf.PT_LOAD {
			end = max(end, int64(p.Off+p.Filesz))
		}
	}
	return end
}

// read fills in a header from a place in the file.
func read(r io.ReaderAt, at int64, header any) error {
	size := int64(binary.Size(header))
	return binary.Read(io.NewSectionReader(r, at, size), binary.LittleEndian, header)
}
