// The model beside this page: what it says about itself, and its answers. onnxruntime runs it, on one thread.

const RUNTIME = "./onnxruntime/ort.wasm.bundle.min.mjs";
const BINARY = "onnxruntime/ort-wasm-simd-threaded.wasm";
const TOLERANCE = 0.01; // of the sum of the probabilities, as in utils.export.served

/** {facts, answer(pixels)}; an Error with a sentence for the reader where it cannot be had. */
export async function openModel() {
  const [facts, model, binary] = await Promise.all([openFacts(), bytes("model.onnx"), bytes(BINARY)]);
  const ort = await import(RUNTIME);
  ort.env.wasm.numThreads = 1; // more of them need headers that a plain server does not send
  ort.env.wasm.wasmBinary = binary;
  const session = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
  const normalise = normalisation(facts.preprocessing.normalisation);
  const answer = async (pixels) => {
    const [height, width] = facts.preprocessing.size;
    const batch = facts.batch ?? 1; // the others of a fixed batch stay 0
    const images = new Float32Array(batch * 3 * height * width);
    normalise(pixels, images);
    const outputs = await session.run({ [facts.input]: new ort.Tensor("float32", images, [batch, 3, height, width]) });
    return answers(outputs, facts.heads);
  };
  return { facts, answer };
}

/** What the model says about itself, which is all that the page needs to ask its questions. */
export async function openFacts() {
  return JSON.parse(new TextDecoder().decode(await bytes("model.json")));
}

/** Numbers 0 to 255, colours last, to what the network takes, colours first; in 32 bits as in utils.export.served. */
function normalisation({ mean, std }) {
  const tables = mean.map((each, colour) => {
    const scale = Math.fround(1 / Math.fround(255 * Math.fround(std[colour])));
    const shift = Math.fround(-Math.fround(each) / Math.fround(std[colour]));
    return Float32Array.from({ length: 256 }, (_, value) => Math.fround(value * scale) + shift);
  });
  return (pixels, images) => {
    const plane = pixels.length / 3;
    for (let at = 0; at < pixels.length; at++) images[(at % 3) * plane + Math.floor(at / 3)] = tables[at % 3][pixels[at]];
  };
}

/** {head: [{name, probability}]}, likeliest first. */
function answers(outputs, heads) {
  return Object.fromEntries(Object.entries(heads).map(([head, classes]) => [head, ranked(outputs[head].data, classes)]));
}

function ranked(probabilities, classes) {
  const found = classes.map((name, at) => ({ name, probability: probabilities[at] }));
  const sum = found.reduce((total, { probability }) => total + probability, 0);
  if (!(Math.abs(sum - 1) <= TOLERANCE)) throw new Error("The model's answers are no probabilities.");
  return found.sort((one, other) => other.probability - one.probability);
}

/** A file of this folder. The server is asked whether it has changed: a page may be written again with another model. */
async function bytes(name) {
  const response = await fetch(name, { cache: "no-cache" }).catch(() => null);
  if (!response) throw new Error(`${name} cannot be fetched. Does the server still run?`);
  if (!response.ok) throw new Error(`${name} is missing in the page's folder (${response.status}). Copy the folder again, whole.`);
  return response.arrayBuffer();
}
