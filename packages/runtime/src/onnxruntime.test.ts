import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { planOnnxruntime } from './native/locate-onnxruntime.ts';
import { obstacleToOnnxruntime, openOnnxSession } from './onnxruntime.ts';
import { integer, message, text } from './protobuf.ts';

afterEach(() => vi.unstubAllEnvs());

const threads = { threads: 2, spin: false };

/** A model that turns uint8 [N,2] into the same numbers as float32. */
function castModel(): Uint8Array {
  const uint8 = 2;
  const float32 = 1;
  const dimension = (content: number[]) => message(1, content);
  const shape = message(2, [...dimension(text(2, 'N')), ...dimension(integer(1, 2))]);
  const value = (name: string, type: number) => [
    ...text(1, name),
    ...message(2, message(1, [...integer(1, type), ...shape])),
  ];
  const to = [...text(1, 'to'), ...integer(3, float32), ...integer(20, 2)];
  const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Cast'), ...message(5, to)];
  const graph = [
    ...message(1, node),
    ...text(2, 'cast'),
    ...message(11, value('x', uint8)),
    ...message(12, value('y', float32)),
  ];
  return Uint8Array.from([...integer(1, 8), ...message(7, graph), ...message(8, integer(2, 17))]);
}

describe.skipIf('obstacle' in planOnnxruntime())('a session', () => {
  it('runs a model on batches of any size', async () => {
    expect(obstacleToOnnxruntime()).toBeUndefined();
    const session = await openOnnxSession(castModel(), threads);
    for (const [pixels, rowCount] of [
      [Uint8Array.of(0, 255), 1],
      [Uint8Array.of(1, 2, 3, 4), 2],
    ] as const) {
      const shape = [rowCount, 2];
      expect(await session.run({ x: { pixels, shape } })).toEqual({ values: Float32Array.from(pixels), shape });
    }
    await session.dispose();
  });

  it('is refused for a model that is none', async () => {
    await expect(openOnnxSession(Uint8Array.of(1, 2, 3), threads)).rejects.toThrow(/protobuf|ModelProto/i);
  });

  it('lets a process that exits during a run end with its exit code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-onnxruntime-'));
    try {
      await writeFile(join(folder, 'cast.onnx'), castModel());
      const fixture = fileURLToPath(new URL('exit-during-run.fixture.mjs', import.meta.url));
      // Without care, nine of ten processes abort.
      for (let repetition = 0; repetition < 2; repetition += 1)
        expect(spawnSync(process.execPath, [fixture, join(folder, 'cast.onnx')], { encoding: 'utf8' })).toMatchObject({
          ...{ status: 7, signal: null, stderr: '' },
        });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('without onnxruntime', () => {
  it.each([
    ['none', /^CHORUS_ONNXRUNTIME is none\.$/],
    ['/nowhere', /^CHORUS_ONNXRUNTIME is \/nowhere: expected onnxruntime_binding\.node there\.$/],
  ])('CHORUS_ONNXRUNTIME=%s is an obstacle', async (named, reason) => {
    vi.resetModules();
    vi.stubEnv('CHORUS_ONNXRUNTIME', named);
    const fresh = await import('./onnxruntime.ts');
    expect(fresh.obstacleToOnnxruntime()).toMatch(reason);
    await expect(fresh.openOnnxSession(castModel(), threads)).rejects.toThrow(reason);
  });
});
