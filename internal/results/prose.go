package main

const shiftHead = `
## Label shift

ResNet-20 on streams whose classes are not equally frequent, batches of 64. The adapter is fitted by ` + "`ttad fit labelshift`" + ` with
its defaults on 10,000 cached training rows. Labels come %d rows late and only the error memory hears of them. Pipelines:

`

const shiftLosses = `
Where a combination has a higher mean error than one of its parts:

`

const shiftWhy = ``

const delayedHead = `
## Delayed labels

The two tables below Tables again, in time order, batches of 64, every label coming so many rows late. Accuracy, AUC and Brier
score are prequential, over all rows; gain is the accuracy above the source's on the same rows, in points, with a 95 % interval
from batch means, which allows for neighbouring rows depending on each other. The same defaults everywhere.

| table | rows late | pipeline | accuracy % | auc | brier | gain |
| --- | --- | --- | --- | --- | --- | --- |
`

const delayedWhy = ``

const attackHead = `
## Error memory under attack

Accuracy in percent with ` + "`[reloop]`" + ` as it comes and without, batches of 64, labels %d rows late:

`

const attackWhy = ``

const tunedHead = `
## Tuned settings

What ` + "`ttad tune`" + ` makes of the two tables, labels %d rows late, its own choice of parameters and values, Brier score: chosen on
the first 70 %% of the rows, and compared with the settings in force on the last 30 %%. Gain is how far the Brier score falls
there, with a 95 %% interval; within noise, the settings in force stay.

| table | in force | chosen | brier in force | brier chosen | gain | taken |
| --- | --- | --- | --- | --- | --- | --- |
`
