import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { compactBundle, exportBundle } from '@chorus/orchestration';
import { preparePython } from '@chorus/python';
import autocannon from 'autocannon';
import { compare } from '../comparison.ts';
import { postImage, startHttpServer } from '../contestants/http-server.ts';
import { nodeCommand, scriptsFolder } from '../contestants/peers.ts';
import type { Measurement } from '../measurement.ts';
import { drawPhotographs } from '../photographs.ts';
import type { Row } from '../row.ts';
import { writeMobileBundle } from './mobile-bundle.ts';

const inputSize = 160;

interface ServerToMeasure {
  name: string;
  command: readonly string[];
}

/** `chorus serve` beside FastAPI and onnxruntime, with float32 and with 8-bit integers: the same graphs and pixels, and one load generator for all. */
export const serve: Row = {
  name: 'serve',
  title: `JPEG files of 224 × 224 px over HTTP, by the ensemble of the preset mobile at ${inputSize} px, all processors`,
  roundCount: { whole: 5, quick: 1 },
  minutes: { whole: 10, quick: 2 },
  async *measure({ roundCount, quick, folder, onProgress }) {
    const python = await preparePython(environment, onProgress);
    const images = join(folder, 'photographs');
    const [photograph] = await drawPhotographs(images, {
      ...{ count: 1, width: 224, height: 224, seed: 1 },
    });
    const image = new Uint8Array(await readFile(photograph!));
    const floats = join(folder, 'bundle');
    await writeMobileBundle(floats, { inputSize, testTimeAugmentation: false });
    const { folder: integers } = await compactBundle(floats, 'int8', { out: join(folder, 'integers'), images });
    const processes = availableParallelism();
    const serversOf = async (numbers: string, bundle: string): Promise<ServerToMeasure[]> => {
      const exported = await exportBundle(bundle, 'onnx', { out: join(folder, `onnx-${numbers}`) });
      const model = join(exported.folder, exported.description.ensemble.onnx!);
      const peer = [python, join(scriptsFolder, 'serve_peer.py'), model, String(inputSize), String(processes)];
      return [
        { name: `Chorus, ${numbers}`, command: [...nodeCommand('server'), bundle] },
        { name: `FastAPI and onnxruntime, ${numbers}`, command: peer },
      ];
    };
    const contestants = [...(await serversOf('float32', floats)), ...(await serversOf('8-bit integers', integers))];
    for (const connections of [1, 16]) {
      const measurements = contestants.flatMap(({ name: contestant }): Measurement[] =>
        (['an answer', 'p99 of the latency'] as const).map((quantity) => ({
          ...{ contestant, quantity, unit: 'ms', samples: [] },
        })),
      );
      const samplesOf = (contestant: string, quantity: string) =>
        measurements.find((one) => one.contestant === contestant && one.quantity === quantity)!;
      for (let round = 0; round < roundCount; round += 1) {
        const answers: number[][] = [];
        for (const { name, command } of contestants) {
          onProgress(`${connections} connections, round ${round + 1}, ${name}`);
          const server = await startHttpServer(command, image);
          try {
            answers.push(await probabilitiesOf(server.url, image));
            await load(server.url, image, { connections, seconds: 2 });
            const { msPerAnswer, p99Ms } = await load(server.url, image, { connections, seconds: quick ? 3 : 10 });
            samplesOf(name, 'an answer').samples.push(msPerAnswer);
            samplesOf(name, 'p99 of the latency').samples.push(p99Ms);
          } finally {
            await server.stop();
          }
        }
        requireClose(answers);
      }
      const [ours, theirs, integerOurs, integerTheirs] = contestants.map(({ name }) =>
        samplesOf(name, 'an answer'),
      ) as [Measurement, Measurement, Measurement, Measurement];
      const goals = connections === 1 ? [] : [{ bound: 'at least', ratio: 1.5 } as const];
      yield {
        title: `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
        ...{ contestants: {}, measurements },
        comparisons: [
          compare('speed', ours, theirs, goals),
          compare('speed', integerOurs, integerTheirs, goals),
          compare('speed', integerOurs, theirs, goals),
        ],
        remarks: [
          'A server and the load generator share the processors. An answer takes the time of the round divided by the number of answers.',
          `FastAPI has ${processes} processes of one thread each; Chorus has as many worker threads.`,
        ],
      };
    }
  },
};

// --- internal ---

const environment = {
  name: 'bench-serve',
  requirements: join(import.meta.dirname, '../../requirements-serve.txt'),
  // Measured on Linux x64: 0.2 GB once installed.
  diskBytes: 0.6e9,
  notice: 'Installing FastAPI and onnxruntime into a virtual environment.',
};

/** @throws Error if a request fails. */
async function load(
  url: string,
  image: Uint8Array,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<{ msPerAnswer: number; p99Ms: number }> {
  const result = await autocannon({
    ...{ url, method: 'POST', body: Buffer.from(image), headers: { 'Content-Type': 'image/jpeg' } },
    ...{ connections, duration: seconds },
  });
  if (result.errors + result.non2xx > 0)
    throw new Error(`${url}: ${result.errors} requests failed, and ${result.non2xx} were refused`);
  return { msPerAnswer: (1000 * result.duration) / result['2xx'], p99Ms: result.latency.p99 };
}

/** The probabilities of the classes, in their order. */
async function probabilitiesOf(url: string, image: Uint8Array<ArrayBuffer>): Promise<number[]> {
  const answer = (await (await postImage(url, image)).json()) as
    | { probabilities: number[] }
    | { results: [{ classes: { label: string; probability: number }[] }] };
  if ('probabilities' in answer) return answer.probabilities;
  const byLabel = answer.results[0].classes.toSorted((one, other) => (one.label < other.label ? -1 : 1));
  return byLabel.map(({ probability }) => probability);
}

/**
 * @param answers of the servers with float32, then of those with integers.
 * @throws Error unless both servers of each kind compute the same, and integers nearly so.
 */
function requireClose([floats, otherFloats, integers, otherIntegers]: number[][]): void {
  requireDifference(floats!, otherFloats!, 1e-3);
  requireDifference(integers!, otherIntegers!, 1e-3);
  requireDifference(floats!, integers!, 0.1);
}

function requireDifference(one: readonly number[], other: readonly number[], limit: number): void {
  const difference = Math.max(...one.map((value, index) => Math.abs(value - other[index]!)));
  if (!(difference < limit)) throw new Error(`expected equal probabilities, received ${one} and ${other}`);
}
