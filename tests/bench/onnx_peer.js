// onnx_peer.js: ONNX Runtime, one thread, on request: a line in, a line out.
//
// Takes: the folder where npm has put onnxruntime-node; then lines: FILE.onnx T I. Gives: nanoseconds of one run of a sequence [1][T][I],
// with what node adds to a call (some microseconds). Does not: read anything but the model.
const path = require('path');
const root = path.join(process.argv[2], 'node_modules', 'onnxruntime-node');
const ort = require(root);
const options = {intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 3};

async function measure(file, steps, inputs) {
  const session = await ort.InferenceSession.create(file, options);
  const numbers = Float32Array.from({length: steps * inputs}, (_, i) => Math.sin(i));
  const x = new ort.Tensor('float32', numbers, [1, steps, inputs]);
  let least = Infinity;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < 200 || process.hrtime.bigint() - begin < 60000000n; i++) {
    const start = process.hrtime.bigint();
    await session.run({x});
    const took = Number(process.hrtime.bigint() - start);
    if (took < least) least = took;
  }
  return least;
}

const lines = require('readline').createInterface({input: process.stdin});
console.log('ONNX Runtime ' + require(path.join(root, 'package.json')).version);
let queue = Promise.resolve();
lines.on('line', line => {
  const [file, steps, inputs] = line.split(' ');
  queue = queue.then(() => measure(file, +steps, +inputs)).then(ns => console.log(ns.toFixed(1)),
    error => console.log('error: ' + String(error.message).replace(/\s+/g, ' ').slice(0, 300)));
});
lines.on('close', () => queue.then(() => process.exit(0)));
