package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"ttad/configs"
	"ttad/models"
)

// contents are the digests of the files a model is opened from, by field. A
// reload compares them, for the same path may hold another model by then.
type contents map[string]string

func readContents(cfg models.Config, dir string) (contents, error) {
	c := contents{}
	for field, path := range map[string]string{"file": cfg.File, "labels_file": cfg.LabelsFile, "calibration": cfg.Calibration} {
		if path == "" {
			continue
		}
		digest, err := digestOf(within(dir, path))
		if err != nil {
			return nil, fmt.Errorf("model.%s: %w", field, err)
		}
		c[field] = digest
	}
	return c, nil
}

func digestOf(path string) (digest string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// changed lists the fields whose files hold something else now, as changes that
// need a restart.
func (c contents) changed(group string, now contents) []configs.Change {
	var out []configs.Change
	for _, field := range []string{"file", "labels_file", "calibration"} {
		if was, is := c[field], now[field]; was != "" && is != "" && was != is {
			out = append(out, configs.Change{
				Path: "groups." + group + ".model." + field, Old: "contents " + was, New: "contents " + is, Class: configs.Cold,
			})
		}
	}
	return out
}
