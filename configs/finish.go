package configs

import "ttad/tta"

// finish fills in what a file may leave out because the rest of it says it: the
// champion where only one pipeline can be it, and bounds that follow from others.
func (d *decoder) finish(f File) {
	for name, g := range f.Groups {
		at := "groups." + name
		electChampion(g.Pipelines)
		if !d.given(at+".output.top_k") && g.Model.Classes > 0 {
			g.Output.TopK = min(g.Output.TopK, g.Model.Classes)
		}
		if !d.given(at + ".limits.in_flight_rows") {
			g.Limits.InFlightRows = max(g.Limits.InFlightRows, 2*g.Batch.MaxRows)
		}
		f.Groups[name] = g
	}
}

func (d *decoder) given(path string) bool {
	_, ok := d.origins[path]
	return ok
}

// electChampion gives the role to the one pipeline without any, unless another
// has claimed it.
func electChampion(pipelines []tta.PipelineConfig) {
	var without []int
	for i, p := range pipelines {
		switch p.Role {
		case tta.Champion:
			return
		case "":
			without = append(without, i)
		}
	}
	if len(without) == 1 {
		pipelines[without[0]].Role = tta.Champion
	}
}
