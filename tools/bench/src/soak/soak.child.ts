/** Runs one trial in a separate process and prints one {@link SoakSample} per line. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { drawShapes, PixelStore } from '@chorus/data';
import { createClassifier } from '@chorus/models';
import { type ExperimentInput, predictFiles, train } from '@chorus/orchestration';
import { initRuntime } from '@chorus/runtime';
import { withTemporaryFolder } from '@chorus/storage';
import tf from '@chorus/tfjs';
import { trainingStep } from '../contestants/chorus-step.ts';
import { randomStore } from '../images.ts';
import type { SoakSample, SoakTask, SoakTrial } from './soak-task.ts';

const { task, count, period } = JSON.parse(process.argv[2]!) as SoakTrial;
const collectGarbage = (globalThis as { gc?: () => void }).gc!;
/** Must be equal for runs and predictions, because they share the process. */
const runtime = { logicalCpuDevices: 2, intraOpThreads: 1 };
await withTemporaryFolder('chorus-soak', async (folder) => {
  const once = await prepare(task, folder);
  for (let done = 1; done <= count; done += 1) {
    await once(done);
    if (done % period === 0) look(done);
  }
});
process.exit(0);

// --- internal ---

function look(done: number): void {
  // The second call waits for memory that the first one frees in a background thread.
  for (const _ of [1, 2]) collectGarbage();
  const sample: SoakSample = {
    done,
    residentBytes: process.memoryUsage.rss(),
    tensorCount: tf.memory().numTensors,
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}

async function prepare(task: SoakTask, folder: string): Promise<(done: number) => unknown> {
  switch (task.kind) {
    case 'steps':
      return steps(task);
    case 'trainings': {
      const experiment = await smallExperiment(folder);
      return async (done) => {
        const { folder: run } = await train(experiment, { out: join(folder, `run-${done}`) });
        await rm(run, { recursive: true });
      };
    }
    case 'lanes': {
      const experiment = await smallExperiment(folder);
      const run = await train(experiment, { out: join(folder, 'run') });
      const image = join(folder, 'images', 'validation', 'discs', 'discs-00000.png');
      return async () => {
        const { skipped } = await predictFiles(join(run.folder, 'bundle'), [image], { workers: 'cpu:0', runtime });
        // No lane starts if there is nothing to predict.
        if (skipped.length > 0) throw new Error(`${image}: ${skipped[0]!.reason}`);
      };
    }
  }
}

function steps({ backbone, inputSize, way }: SoakTask & { kind: 'steps' }): () => void {
  const batchSize = 2;
  initRuntime({ device: 'cpu:0' });
  const classifier = createClassifier({
    backbone: { family: backbone, alpha: 1, inputSize },
    classes: ['a', 'b'],
    seed: 1,
  });
  const images = new PixelStore(randomStore(1, batchSize, inputSize));
  const step = trainingStep(way, classifier, images);
  const batch = { indices: Uint32Array.of(0, 1), flips: new Uint8Array(batchSize) };
  return () => step(batch, Int32Array.of(0, 1));
}

/** Two small members on a few images of shapes. */
async function smallExperiment(folder: string): Promise<Partial<ExperimentInput>> {
  const source = join(folder, 'images');
  await drawShapes(source, { seed: 1, imagesPerClass: { train: 16, validation: 4 } });
  return {
    name: 'soak',
    weights: 'random',
    inputSize: 32,
    data: { source },
    runtime,
    members: [
      { name: 'mobilenet', backbone: 'mobilenet', alpha: 0.25 },
      { name: 'mobilenet-v2', backbone: 'mobilenet-v2', alpha: 0.35 },
    ],
    recipe: { batchSize: 8, whole: { epochCount: 1 } },
    stackers: { kinds: ['mean'] },
  };
}
