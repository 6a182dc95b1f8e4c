package reloop

// Stores of Config.
const (
	StoreExact  = "exact"
	StoreSketch = "sketch"
)

// A sketch forgets by letting its counts shrink, as the specification of the
// published method's periodic reset became. Its projections need not be secret,
// and a fixed seed lets a snapshot meet the sketch it was taken from.
const (
	sketchDecay      = 0.8
	sketchDecayEvery = 500
	sketchSeed       = 1
)

// Config has the strategy's parameters.
type Config struct {
	Store         string  `yaml:"store" doc:"exact keeps the newest labelled rows and finds the most similar; sketch adds rows up in hash tables and keeps none, for streams with far more labels than 2^bits." enum:"exact,sketch" reload:"warm"`
	Slots         int     `yaml:"slots" doc:"Labelled rows the exact store keeps; the oldest makes room for the newest." range:"[1,10000000]" reload:"warm" tune:"500,2000,10000"`
	Neighbors     int     `yaml:"neighbors" doc:"Rows of the exact store a new row is compared with." range:"[1,1000]" reload:"hot" tune:"10,30,100"`
	Temperature   float64 `yaml:"temperature" doc:"How evenly neighbours are listened to: attention is the softmax of similarity over temperature." range:"[0.001,1000]" reload:"hot"`
	Weight        float64 `yaml:"weight" doc:"How much of the assumed error is compensated: the paper's lambda. With adapt_weight the most that ever is. A confident answer can only change class above 0.5." range:"[0,1]" reload:"hot" tune:"0.4,0.7,1"`
	AdaptWeight   bool    `yaml:"adapt_weight" doc:"Learn the weight from how well earlier corrections would have fitted the labels that came; false uses weight as it is, as the paper does." reload:"hot"`
	HalfLife      float64 `yaml:"half_life" doc:"Labels after which a label counts half in the learned weight." range:"[10,1e9]" reload:"hot" tune:"300,1000,3000"`
	Gamma         float64 `yaml:"gamma" doc:"Which error is assumed: 1 takes the neighbours' truth against the row's own answer, 0 against the answers its neighbours were given; between, both." range:"[0,1]" reload:"warm" tune:"0,1"`
	PriorCount    float64 `yaml:"prior_count" doc:"Scale the weight by n/(n + prior_count), n neighbours found or, in a sketch, rows in a bucket; 5 suits sketches. 0 is off." range:"[0,1e6]" reload:"hot"`
	KeyDims       int     `yaml:"key_dims" doc:"Compare this many leading values of the features only, for features trained so that a prefix serves; 0 is all." range:"[0,1000000]" reload:"warm"`
	PerClassShare float64 `yaml:"per_class_share" doc:"Share of the labels let in that one class may always have. It may have more where it is answered as often as it is labelled, less the further its labels exceed the answers. The rest are left out evenly. 1 lets in all." range:"(0,1]" reload:"hot"`
	Hashes        int     `yaml:"hashes" doc:"Hash tables of the sketch." range:"[1,1024]" reload:"warm"`
	Bits          int     `yaml:"bits" doc:"Bits of a hash of the sketch: each table has 2^bits buckets." range:"[1,24]" reload:"warm"`
}

// NewConfig returns the defaults.
func NewConfig() *Config {
	return &Config{
		Store: StoreExact, Slots: 2000, Neighbors: 30, Temperature: 0.1,
		Weight: 0.7, AdaptWeight: true, HalfLife: 1000, Gamma: 1, PerClassShare: 0.5,
		Hashes: 20, Bits: 8,
	}
}
