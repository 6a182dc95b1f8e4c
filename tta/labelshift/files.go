package labelshift

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"ttad/tta"
)

// maxFile bounds what is read. A full adapter of 1,000 classes on 2,048 features
// with 64 hidden units takes 700 MiB.
const maxFile = 1 << 30

// MaxWeights is how many weights an adapter can have beside the head: in base64
// they, a head and the rest fit a file that is read.
const MaxWeights = maxFile / 16 * 3 * 9 / 10

// readFile reads a file named in a configuration.
func readFile(dir, name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return data, nil
}

// sameModel refuses a file made for another model. Models of kind outputs have no
// digest to compare; their number of classes must do.
func sameModel(env tta.Env, what, digest string, classes int) error {
	if env.Digest != "" && digest != env.Digest {
		return fmt.Errorf("%s was made for model %s, this is model %s (%s): make it again with this one", what, digest, env.Digest, env.Model)
	}
	if classes != env.Classes {
		return fmt.Errorf("%s is for %d classes, the model has %d", what, classes, env.Classes)
	}
	return nil
}
