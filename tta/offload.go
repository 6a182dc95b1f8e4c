package tta

import (
	"math"
	"slices"

	"ttad/accel"
	"ttad/models"
)

// Offloader is a Corrector whose work can be an operator of the device, done behind the
// forward before anything comes home. Correct does the same on the host, and is called
// wherever the device does not.
type Offloader interface {
	Corrector
	// Offload says how the strategy is an operator, and whether it is, as configured.
	Offload() (Offload, bool)
	// Given returns the operands for a batch that are not on the device, or false where
	// this batch is Correct's. They are read before the next call.
	Given(b *Batch) ([][]float32, bool)
	// Adopt takes the operator's result into probs, both finite in the same rows. It may
	// take less of it: what follows is then done on the host.
	Adopt(b *Batch, out *models.Output, probs, made *accel.Tensor) error
}

// Offload is a correction as an operator, whose operands are the features, if it takes
// them, then probabilities, and then Given. Its result is as the probabilities.
type Offload struct {
	Op       accel.Op
	Features bool
	Given    []accel.Shape
	// MaxRows bounds the batches it is for; 0 does not.
	MaxRows int
}

// Finish compiles a program to be run behind forwards of up to maxRows rows: see models.Plan.NewFinish. Who
// provides it closes what it has made.
type Finish func(p *accel.Program, features bool, maxRows int) (*models.Finish, error)

// offload is what the device does for a pipeline: the correctors that come first, as
// one program whose outputs are the probabilities behind each of them.
type offload struct {
	finish  *models.Finish
	stages  []*stage
	maxRows int
	asked   []models.Finisher // for this batch: the program, and stages that ask themselves
	values  [][]float32
	blank   [][]float32 // what a stage is given that is not asked
	ready   int         // how many of the stages are asked
	made    []*accel.Tensor
}

// offloadTo has the device do what it can of the pipeline. Where it cannot, which the
// log says, nothing is lost but time.
func (p *Pipeline) offloadTo(finish Finish, env *Env) {
	stages, how := p.leading()
	if finish == nil || len(stages) == 0 {
		return
	}
	program, features := correctionProgram(stages, how, env)
	rows := math.MaxInt32
	for _, h := range how {
		if h.MaxRows > 0 {
			rows = min(rows, h.MaxRows)
		}
	}
	made, err := finish(program, features, rows)
	if err != nil {
		env.Log.Info().Str("pipeline", p.name).Str("first", stages[0].name).AnErr("why", err).Msg("corrections are done on the host")
		return
	}
	p.offload.finish, p.offload.stages, p.offload.maxRows = made, stages, rows
	for _, h := range how {
		for _, s := range h.Given {
			p.offload.blank = append(p.offload.blank, make([]float32, s.Elements(1)))
		}
	}
	env.Log.Info().Str("pipeline", p.name).Strs("strategies", stageNames(stages)).Msg("corrections are done on the device, behind the forward")
}

func stageNames(stages []*stage) []string {
	var names []string
	for _, s := range stages {
		names = append(names, s.name)
	}
	return names
}

// leading are the correctors up to the first the device cannot be.
func (p *Pipeline) leading() (stages []*stage, how []Offload) {
	for i := range p.stages {
		s := &p.stages[i]
		if s.correct == nil && s.decide == nil {
			continue
		}
		o, ok := s.self.(Offloader)
		if !ok || s.decide != nil {
			return stages, how
		}
		h, ok := o.Offload()
		if !ok {
			return stages, how
		}
		stages, how = append(stages, s), append(how, h)
	}
	return stages, how
}

// correctionProgram is softmax of the logits and then one step a stage. Inputs are the
// logits, the features where anybody takes them, and what stages are given.
func correctionProgram(stages []*stage, how []Offload, env *Env) (*accel.Program, bool) {
	p := &accel.Program{}
	value := func(name string, s accel.Shape) accel.ValueID {
		p.Values = append(p.Values, accel.Value{Name: name, Shape: s})
		return accel.ValueID(len(p.Values) - 1)
	}
	input := func(name string, s accel.Shape) accel.ValueID {
		p.Inputs = append(p.Inputs, value(name, s))
		return p.Inputs[len(p.Inputs)-1]
	}
	step := func(name string, op accel.Op, in ...accel.ValueID) accel.ValueID {
		out := value(name, accel.BatchShape(env.Classes))
		p.Steps = append(p.Steps, accel.Step{Name: name, Op: op, In: in, Out: []accel.ValueID{out}})
		return out
	}
	probs := step("probabilities", accel.Softmax{Axis: 1}, input("logits", accel.BatchShape(env.Classes)))
	features := accel.NoValue
	if slices.ContainsFunc(how, func(h Offload) bool { return h.Features }) {
		features = input("features", accel.BatchShape(env.FeatureWidth))
	}
	for i, h := range how {
		in := []accel.ValueID{probs}
		if h.Features {
			in = []accel.ValueID{features, probs}
		}
		for _, s := range h.Given {
			in = append(in, input(stages[i].name, s))
		}
		probs = step(stages[i].name, h.Op, in...)
		p.Outputs = append(p.Outputs, probs)
	}
	return p, features != accel.NoValue
}

// ask says what is to be done behind the pipeline's forward. Nothing of the batch
// before is left.
func (p *Pipeline) ask(b *Batch) []models.Finisher {
	o := &p.offload
	o.asked, o.values, o.made = o.asked[:0], o.values[:0], nil
	ready := 0
	for _, s := range o.stages {
		given, ok := s.self.(Offloader).Given(b)
		if !ok || b.Rows > o.maxRows {
			break
		}
		o.values = append(o.values, given...)
		ready++
	}
	if o.finish != nil {
		o.finish.Forget()
	}
	if ready > 0 {
		o.finish.Give(append(o.values, o.blank[len(o.values):]...)...)
		o.asked = append(o.asked, o.finish)
	}
	for i := range p.stages {
		if f, ok := p.stages[i].self.(models.Finisher); ok {
			o.asked = append(o.asked, f)
		}
	}
	o.ready = ready
	return o.asked
}

// collect takes what the device has made of the batch, if it has.
func (o *offload) collect() {
	o.made = nil
	if o.ready == 0 {
		return
	}
	if made, err := o.finish.Results(); err == nil {
		o.made = made[:o.ready]
	}
}

// madeOf is what the device has made of the probabilities in place of a stage; nil
// where that is still the host's to do, or cannot be trusted: a device's numbers are
// finite where those it started from are.
func (o *offload) madeOf(s *stage, probs *accel.Tensor) *accel.Tensor {
	i := slices.Index(o.stages, s)
	if i < 0 || i >= len(o.made) {
		return nil
	}
	for row := range probs.Rows() {
		if (Argmax(probs.Row(row)) < 0) != (Argmax(o.made[i].Row(row)) < 0) {
			o.made = nil
			return nil
		}
	}
	return o.made[i]
}

// follow keeps to the device's results only while the pipeline has taken them whole.
func (o *offload) follow(probs, made *accel.Tensor) {
	if !slices.Equal(probs.Data, made.Data) {
		o.made = nil
	}
}
