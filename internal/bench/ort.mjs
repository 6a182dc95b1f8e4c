// ONNX Runtime: see process.go for what it reads and writes. Without a task it
// only loads the library, which fails where it is not installed.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [modules, text] = process.argv.slice(2)
const library = createRequire(join(modules, 'package.json'))
const ort = library('onnxruntime-node')

if (text) {
  console.log()
  const task = JSON.parse(text)
  const session = await ort.InferenceSession.create(task.mode === 'frozen' ? task.model : task.rewritten, {
    intraOpNumThreads: task.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  })
  const bytes = readFileSync(task.input)
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, task.shape) }
  const wanted = ['logits']
  const answers = (await session.run(feeds, wanted)).logits.data
  const every = Math.floor(answers.length / 4096) | 1
  console.log(JSON.stringify({
    engine: 'ONNX Runtime ' + library('onnxruntime-node/package.json').version,
    answers: Array.from(answers.filter((_, i) => i % every === 0)),
  }))
  for await (const line of createInterface({ input: process.stdin })) {
    const start = performance.now()
    for (let i = Number(line); i > 0; i--) await session.run(feeds, wanted)
    console.log((performance.now() - start) / 1000)
  }
}
