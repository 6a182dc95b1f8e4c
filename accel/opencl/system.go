package opencl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ttad/accel/dynlib"
)

// system looks for the reasons a machine with OpenCL has no device.
type system struct {
	root string                    // folder that stands for the file system's
	try  func(device string) error // opens a device file as drivers do, and closes it
}

// thisMachine is the one we are on.
func thisMachine() system {
	return system{root: "/", try: func(device string) error {
		f, err := os.OpenFile(device, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}}
}

// explain names what is installed and cannot work, and what to do. It is empty on a
// machine on which no driver is installed.
func (s system) explain() []string {
	var causes []string
	for _, icd := range s.installed() {
		if cause := s.cause(icd); cause != "" {
			causes = append(causes, cause)
		}
	}
	return causes
}

// installed lists the files in which drivers register themselves.
func (s system) installed() []string {
	folder := filepath.Join(s.root, "etc/OpenCL/vendors")
	if v := os.Getenv("OCL_ICD_VENDORS"); v != "" {
		folder = v
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.icd"))
	if err != nil {
		return nil // of a pattern: the folder has a name that is one
	}
	return files
}

// cause says what keeps one driver from working: its library, or the files through
// which it reaches the card.
func (s system) cause(icd string) string {
	b, err := os.ReadFile(icd)
	if err != nil {
		return err.Error()
	}
	library := strings.TrimSpace(string(b))
	if _, err := dynlib.Open(library); err != nil {
		return fmt.Sprintf("%s: %v", icd, err)
	}
	for _, node := range s.nodes(library) {
		if errors.Is(s.try(node), fs.ErrPermission) {
			return fmt.Sprintf("%s: no permission for %s: add the user to the group that owns it, often render or video", icd, node)
		}
	}
	return ""
}

// nodes are the device files a vendor's library opens.
func (s system) nodes(library string) []string {
	patterns := []string{"dev/dri/renderD*"}
	switch name := strings.ToLower(library); {
	case strings.Contains(name, "nvidia"):
		patterns = []string{"dev/nvidiactl", "dev/nvidia[0-9]*"}
	case strings.Contains(name, "amd"):
		patterns = append(patterns, "dev/kfd")
	case strings.Contains(name, "pocl"):
		return nil
	}
	var files []string
	for _, p := range patterns {
		match, err := filepath.Glob(filepath.Join(s.root, p))
		if err == nil {
			files = append(files, match...)
		}
	}
	return files
}
