/** Decoding in node as a contestant: Chorus's decoder and plain sharp. */
import { createPixelStore, decodeImages, PixelStore } from '@chorus/data';
import sharp from 'sharp';
import type { DecodeTask, DecodeWay } from './decode-task.ts';
import { repeated, serve, warmed } from './serve.ts';

await serve(async (task: DecodeTask & { way: DecodeWay }) => {
  const { way } = task;
  const run = repeated(() =>
    way === 'sharp' ? decodeAsSharp(task) : decodeAsChorus(task, way === 'chorus-shrinking'),
  );
  return {
    prepared: {
      versions: { node: process.versions.node, sharp: sharp.versions.sharp, vips: sharp.versions.vips },
      stepSeconds: await warmed(run),
    },
    run,
  };
});

// --- internal ---

/** Decodes with the defaults of `orchestration`, into a store shared between threads. */
async function decodeAsChorus({ paths, inputSize }: DecodeTask, shrinkOnLoad: boolean): Promise<void> {
  const store = createPixelStore(paths.length, inputSize);
  await decodeImages(
    paths.map((path) => ({ path })),
    [store],
    {
      background: 'white',
      resize: 'pillow',
      shrinkOnLoad,
      maxPixels: 1e8,
      timeoutMs: 10_000,
      maxSkippedShare: 0,
    },
  );
}

async function decodeAsSharp({ paths, inputSize, threads }: DecodeTask): Promise<void> {
  const store = new PixelStore(createPixelStore(paths.length, inputSize));
  let next = 0;
  async function work(): Promise<void> {
    while (next < paths.length) {
      const index = next;
      next += 1;
      store.publish(
        index,
        await sharp(paths[index]).resize(inputSize, inputSize, { fit: 'fill', kernel: 'linear' }).raw().toBuffer(),
      );
    }
  }
  await Promise.all(Array.from({ length: threads }, work));
}
