package main

const shiftHead = `
## Label shift

ResNet-20 on streams whose classes are not equally frequent, batches of 64. The adapter is fitted by ` + "`ttad fit labelshift`" + ` with
its defaults on 10,000 cached training rows. Only ` + "`all-four`" + ` hears of labels, %d rows late. Pipelines:

`

const shiftLosses = `
Where a combination has a higher mean error than one of its parts:

`

const shiftWhy = `
Why they add up: normalization repairs what the corruption did to the features, so that the class shares are estimated from better
answers, and neighbours agree about the truth rather than about a mistake. Alone, ` + "`ratio`" + ` and ` + "`adapter`" + ` gain on clean images; on
badly corrupted ones they follow the classes the broken model prefers, and lose.

Why they do not on Dirichlet(0.1): classes come in bursts of some tens of rows, and the default half-life of 1,000 rows estimates
the shares of bursts that are over. With a half-life of one batch (last line of the table above) the estimate keeps up. ` + "`alphabn`" + `
itself costs accuracy on clean images and on bursts, since the moments of a batch of few classes are those classes' and not the
shift's.

The adapter does about what the ratio does: the classes of its source rows are equally frequent and the model has learned these rows
by heart, and ` + "`ttad fit labelshift`" + ` says so when it is fitted.
`

const delayedHead = `
## Delayed labels

The tables elec2 and bank again, in time order, batches of 64, every label coming so many rows late; both strategies hear of
them. Accuracy, AUC and Brier score are prequential, over all rows; gain is the accuracy above the source's on the same rows, in
points, with a 95 % interval from batch means, which allows for neighbouring rows depending on each other. The memory has the
same defaults everywhere.

| table | rows late | pipeline | accuracy % | auc | brier | gain |
| --- | --- | --- | --- | --- | --- | --- |
`

const delayedWhy = `
How to read it. On elec2 (48 rows a day) the memory gains as long as labels come within days; 5,000 rows are more than a hundred
days, and what it remembers then is older than the drift. On bank nearly every answer is class 0, so that accuracy hardly moves;
there AUC and Brier score tell what the memory knows. ` + "`ratio`" + ` is made for class shares that move: it helps on bank, where they do,
and harms on elec2, where the inputs drift and it takes the model's mistakes for a change of the shares; with it in front the
memory starts from worse answers there. Neither combination is right for both streams, and the lead over the source, live in the
daemon, is there to tell.
`

const attackHead = `
## Error memory under attack

Accuracy in percent without ` + "`reloop`" + ` and with it, at its defaults, batches of 64, labels %d rows late, told so many labels:

`

const attackWhy = `
Honest labels that are too many help; a fifth of wrong ones takes away some of the gain; labels of one class teach the memory
nothing, and it does nothing; after honest ones, what it gained by then stays.
`

const tunedHead = `
## Tuned settings

What ` + "`ttad tune`" + ` makes of the two tables, labels %d rows late, its own choice of parameters and values, Brier score: chosen on
the first 70 %% of the rows, and compared with the settings in force on the last 30 %%. Gain is how far the Brier score falls
there, with a 95 %% interval; within noise, the settings in force stay.

| table | in force | chosen | brier in force | brier chosen | gain | taken |
| --- | --- | --- | --- | --- | --- | --- |
`

const tunedWhy = `
The best of many is partly luck, and what was best need not stay so: on elec2 a momentum that wins on the first 70 % of the rows
loses on the rest, which is why those rows decide whether it is taken.
`
