import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { corpusOf, inputOf } from './inputs.ts';
import { runTarget } from './run-target.ts';
import { targets } from './targets.ts';

const compiled = new URL('../dist/targets.js', import.meta.url).href;

describe('every target', () => {
  // A short form of what runs each night; from a fixed seed, so that a failure is that of a change.
  it.each(targets.map(({ name }) => name))('finds nothing in one second: %s', async (target) => {
    const { inputCount, findings } = await runTarget({ module: compiled, target, seed: 0, seconds: 1 });
    expect(findings).toEqual([]);
    expect(inputCount).toBeGreaterThan(0);
  });

  it.each(targets)('has inputs that depend on the seed and the iteration only: $name', async (target) => {
    const corpus = await corpusOf(target.name);
    const originals = corpus.map((input) => Buffer.from(input));
    // Hashes, because the inputs of some targets are megabytes long.
    const hashes = (seed: number) =>
      Array.from({ length: 50 }, (_, iteration) =>
        createHash('sha256')
          .update(inputOf(target, corpus, { seed, iteration }))
          .digest('hex'),
      );
    const first = hashes(1);
    expect(hashes(1)).toEqual(first);
    expect(hashes(2)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(20);
    expect(corpus.map((input) => Buffer.from(input))).toEqual(originals);
  });
});

describe('the fuzzer', () => {
  const plantedModule = (name: string) => {
    const url = new URL('./planted.fixture.mjs', import.meta.url);
    url.searchParams.set('planted', name);
    return url.href;
  };
  // A slow input makes progress in the end, however busy the machine is; a hung one never does.
  const planted = (name: string, maxCount = 30) =>
    runTarget({
      module: plantedModule(name),
      ...{ target: 'checksums', seed: 1, seconds: 100, maxCount, hangMs: name === 'hang' ? 2000 : 90_000 },
    });

  it('accepts refusals', async () => {
    expect(await planted('good')).toEqual({ inputCount: 30, findings: [] });
  });

  it.each<[string, RegExp]>([
    ['bug', /^TypeError: Cannot read properties of null/],
    ['slow', /^took \d\.\d s of processor time$/],
    ['memory', /^took \d+ MiB of memory$/],
    ['talkative', /^refused the input by a message of 20000 characters: nono/],
    ['other', /^threw no error, which is no error$/],
  ])('finds input with a %s, and goes on', async (name, reason) => {
    const { inputCount, findings } = await planted(name, 8);
    expect(inputCount).toBe(8);
    expect(findings[0]!.reason).toMatch(reason);
  });

  it.each<[string, string]>([
    ['hang', 'hung'],
    ['crash', 'ended with SIGSEGV: '],
  ])('finds input that makes the process %s, and goes on with the next one in another', async (name, reason) => {
    const { inputCount, findings } = await planted(name, 8);
    expect(inputCount).toBe(8);
    expect(findings).toEqual([{ target: 'checksums', seed: 1, iteration: expect.any(Number), reason }]);
    const { iteration } = findings[0]!;
    const repeated = await runTarget({
      module: plantedModule(name),
      ...{ target: 'checksums', seed: 1, seconds: 30, firstIteration: iteration!, maxCount: 1, hangMs: 2000 },
    });
    expect(repeated.findings).toHaveLength(1);
  });
});

it('fuzzes every target at night', async () => {
  const workflow = await readFile(new URL('../../../.github/workflows/nightly.yml', import.meta.url), 'utf8');
  const [, listed] = /^ +target: \[(.*)\]$/m.exec(workflow) ?? [];
  expect(listed?.split(', ')).toEqual(targets.map(({ name }) => name));
});
