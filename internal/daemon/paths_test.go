package daemon

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/stream"
)

func TestPathsOfTheBusStartAtTheConfiguration(t *testing.T) {
	given := stream.BusConfig{
		Creds: "keys/a.creds", NKey: "/etc/a.nk", TLS: stream.TLSConfig{CA: "ca.pem"},
		Embedded: &stream.EmbeddedConfig{StoreDir: "store"},
	}
	got := resolved(given, "/srv/ttad")
	assert.Equal(t, "/srv/ttad/keys/a.creds", got.Creds)
	assert.Equal(t, "/etc/a.nk", got.NKey)
	assert.Equal(t, stream.TLSConfig{CA: "/srv/ttad/ca.pem"}, got.TLS, "what is not given stays so")
	assert.Equal(t, "/srv/ttad/store", got.Embedded.StoreDir)
	assert.Equal(t, "store", given.Embedded.StoreDir, "the configuration itself is left alone")
}
