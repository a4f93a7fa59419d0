import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csvLine } from './csv.ts';
import { ConfigError } from './errors.ts';
import { openPredictionFiles } from './prediction-files.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-prediction-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const classes = ['10', 'say "hi", you', '2'];
const prediction = (path: string) => ({
  ...{ path, predicted: '10' },
  probabilities: { '10': 0.5, 'say "hi", you': 0.25, '2': Math.fround(0.1) },
});

describe('prediction files', () => {
  it('appear atomically, with the classes in order, and replace earlier ones', async () => {
    const paths = { csv: at('new/p.csv'), jsonl: at('new/p.jsonl') };
    await mkdir(at('new'));
    await writeFile(paths.csv, 'earlier');
    const files = await openPredictionFiles(paths);
    await files.write([prediction('a')], classes);
    await files.write([], classes);
    await files.write([prediction('b\n,"c"')], classes);
    expect(await readFile(paths.csv, 'utf8')).toBe('earlier');
    await files.publish();
    await files.discard();
    expect(await readFile(paths.csv, 'utf8')).toBe(
      'path,predicted,10,"say ""hi"", you",2\na,10,0.500000000,0.250000000,0.100000001\n"b\n,""c""",10,0.500000000,0.250000000,0.100000001\n',
    );
    const lines = (await readFile(paths.jsonl, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([prediction('a'), prediction('b\n,"c"')]);
    expect((await readdir(at('new'))).toSorted()).toEqual(['p.csv', 'p.jsonl']);
  });

  it('contain which predictions are accepted and their sets, if these are asked for', async () => {
    const files = await openPredictionFiles({ csv: at('p.csv') });
    await files.write([], classes);
    await files.write([{ ...prediction('a'), accepted: true, set: ['10', 'say "hi", you'] }], classes);
    await files.write([{ ...prediction('b'), accepted: false, set: [] }], classes);
    await files.publish();
    expect(await readFile(at('p.csv'), 'utf8')).toBe(
      'path,predicted,accepted,set,10,"say ""hi"", you",2\n' +
        'a,10,true,"[""10"",""say \\""hi\\"", you""]",0.500000000,0.250000000,0.100000001\n' +
        'b,10,false,[],0.500000000,0.250000000,0.100000001\n',
    );
  });

  it('have different columns for a class and a column of the same name', async () => {
    const own = ['accepted', 'path', 'cats'];
    const probabilities = { accepted: 0.5, path: 0.25, cats: 0.25 };
    const files = await openPredictionFiles({ csv: at('p.csv') });
    await files.write([{ path: 'a', predicted: 'accepted', probabilities, accepted: true }], own);
    await files.publish();
    expect(await readFile(at('p.csv'), 'utf8')).toBe(
      'path,predicted,accepted,class:accepted,class:path,cats\na,accepted,true,0.500000000,0.250000000,0.250000000\n',
    );
  });

  it('leave nothing when they are discarded', async () => {
    const files = await openPredictionFiles({ csv: at('p.csv'), jsonl: at('p.jsonl') });
    await files.write([prediction('a')], classes);
    await files.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a photograph', { csv: 'photo.jpg' }, /Expected an output file that ends in \.csv, received .*photo\.jpg/],
    ['a folder', { jsonl: 'folder.jsonl' }, /received a folder or device; name another file/],
    ['a path below a file', { csv: 'photo.jpg/p.csv' }, /Cannot write to .*; name another file\./],
    ['the second of two', { csv: 'p.csv', jsonl: 'p.csv' }, /ends in \.jsonl/],
  ])('are refused for %s, and leave nothing', async (_, names: { csv?: string; jsonl?: string }, message) => {
    await writeFile(at('photo.jpg'), '');
    await mkdir(at('folder.jsonl'));
    const paths = Object.fromEntries(Object.entries(names).map(([kind, name]) => [kind, at(name)]));
    const opened = openPredictionFiles(paths);
    await expect(opened).rejects.toThrow(ConfigError);
    await expect(opened).rejects.toThrow(message);
    expect((await readdir(folder)).toSorted()).toEqual(['folder.jsonl', 'photo.jpg']);
  });
});

it('a line of CSV preserves any text and any float32', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.float({ noNaN: true, noDefaultInfinity: true }), (text, number) => {
      const line = csvLine([text, number]);
      const [, quoted, plain, value] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*)),([^,]*)\n$/.exec(line)!;
      expect(quoted?.replaceAll('""', '"') ?? plain).toBe(text);
      expect(Math.fround(Number(value))).toBe(number === 0 ? 0 : number);
    }),
  );
});
