package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/replay"
	"ttad/internal/tune"
)

// tuneFlags are the flags of 'ttad tune'.
type tuneFlags struct {
	group  string
	files  replay.Files
	labels labelFlags
	search tune.Options
	score  string
	out    string
}

func newTuneCommand(a *app) *cobra.Command {
	f := &tuneFlags{}
	cmd := &cobra.Command{
		Use:   "tune FILE --inputs X.npy --labels Y.npy",
		Short: "Search a pipeline's parameters on a recorded, labelled stream",
		Long: `Tune tries parameters of one pipeline's strategies on rows from .npy files, side by
side, and compares them by their prequential score: every row is answered before
anything is learned from it. Each strategy offers parameters and values to try;
--set names others, and then only those are searched.

A small grid is tried whole. Of a large one a sample is drawn with the group's seed,
and the worst drop out as the stream goes on (successive halving). When the budget
is spent, the best so far is taken. The last 30 % of the rows decide nothing: there
the winner is compared with the settings in force, and when the 95 % interval of the
gain holds 0 the settings in force are kept, unless --force is given.

The best settings go to stdout, or to -o, as YAML for the group's pipelines; the
table goes to stderr. With --json everything is on stdout.`,
		Example: `  ttad tune ttad.yaml --inputs x.npy --labels y.npy > best.yaml
  ttad tune ttad.yaml --inputs x.npy --labels y.npy --set lame.neighbors=1,3,5 --set lame.affinity=rbf,knn
  ttad tune ttad.yaml --inputs x.npy --labels y.npy --pipeline memory --label-delay 500 --score error`,
		GroupID: groupRun,
		Args:    exactly(1),
	}
	env := addEnvFlag(a, cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.group, "group", "", "`name` of the group (default: the only one)")
	flags.StringVar(&f.search.Pipeline, "pipeline", "", "`name` of the pipeline (default: the champion)")
	flags.StringArrayVar(&f.search.Sets, "set", nil, "search this parameter: `strategy.parameter=value,value`; may be repeated")
	flags.StringVar(&f.score, "score", string(tune.Brier), "what decides: `brier, error or nll`")
	flags.DurationVar(&f.search.Budget, "budget", 5*time.Minute, "`time` for the search; comparing the winner comes after")
	flags.IntVar(&f.search.Candidates, "candidates", 64, "try at most this `many`")
	flags.BoolVar(&f.search.Force, "force", false, "take the winner although its gain is within noise")
	flags.StringVarP(&f.out, "output", "o", "", "write the best settings to `FILE`")
	addStreamFlags(cmd, &f.files)
	f.labels.add(cmd, &f.files)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := env.load(args[0])
		if err != nil {
			return err
		}
		if err := f.check(cmd); err != nil {
			return err
		}
		return a.tune(cmd.Context(), cfg, filepath.Dir(args[0]), f)
	}
	return cmd
}

// check refuses what the search would refuse, as wrong usage.
func (f *tuneFlags) check(cmd *cobra.Command) error {
	if err := checkStreamFlags("tune", f.files); err != nil {
		return err
	}
	f.search.Score = tune.Metric(f.score)
	switch {
	case len(f.files.Labels) == 0:
		return usageErrorf("tune: --labels is needed, such as --labels y.npy")
	case f.search.Budget <= 0:
		return usageErrorf("tune: --budget is %v, expected more than 0, such as 5m", f.search.Budget)
	case f.search.Candidates < 1:
		return usageErrorf("tune: --candidates is %d, expected at least 1", f.search.Candidates)
	case !f.search.Score.Known():
		return usageErrorf("tune: --score is %q, expected one of %s", f.score, tune.Words())
	}
	return f.labels.check(cmd, f.files)
}

func (a *app) tune(ctx context.Context, cfg *configs.File, dir string, f *tuneFlags) error {
	return a.withRecorded(cfg, dir, f.group, f.files, f.labels, func(g *daemon.Group, data *replay.Data) error {
		o := f.search
		o.Registry, o.Labels, o.Now, o.Progress = a.registry, f.labels.when(), time.Now, a.progress("tune")
		report, err := tune.Run(ctx, g, data, o)
		if err != nil {
			return err
		}
		return a.printTuned(report, f.out)
	})
}

func (a *app) printTuned(r *tune.Report, out string) error {
	if out != "" {
		if err := os.WriteFile(out, []byte(r.Fragment), 0o644); err != nil {
			return fmt.Errorf("write the best settings: %w", err)
		}
	}
	if a.json {
		return a.printJSON(r)
	}
	if err := r.WriteText(a.stderr); err != nil {
		return err
	}
	if out != "" {
		return nil
	}
	_, err := fmt.Fprint(a.stdout, r.Fragment)
	return err
}
