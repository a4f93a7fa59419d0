/** Runs models in a process with @tensorflow/tfjs alone, in which the layer classes of Chorus are not registered. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface PlainJob {
  /** Folder with a `model.json`. */
  folder: string;
  /** Values and shape of each input of the model, in its order. */
  inputs: { values: number[]; shape: number[] }[];
}

/** Loads models over HTTP, as a browser does, and runs them; returns each output as a flat array. */
export async function runInPlainTfjs(jobs: readonly PlainJob[]): Promise<number[][]> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdin.end(JSON.stringify(jobs));
  const exitCode = await new Promise((done) => child.on('close', done));
  if (exitCode !== 0) throw new Error(`plain tfjs ended with ${exitCode}`);
  return JSON.parse(output);
}

// --- internal ---

const script = `
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import tf from '@chorus/tfjs';

tf.enableProdMode();
const server = createServer(async (request, response) => {
  // The server does not respond while a model runs, and a kept connection would be closed during the next request.
  response.writeHead(200, { connection: 'close' }).end(await readFile(decodeURIComponent(request.url)));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const outputs = [];
for (const { folder, inputs } of JSON.parse(await text(process.stdin))) {
  const model = await tf.loadLayersModel('http://127.0.0.1:' + server.address().port + folder + '/model.json');
  const images = inputs.map(({ values, shape }) => tf.tensor(values, shape));
  outputs.push(Array.from(model.predict(images).dataSync()));
}
process.stdout.write(JSON.stringify(outputs));
server.close();
`;
