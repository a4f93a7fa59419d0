import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smoothFile, writePets } from '../../../../packages/predictor/src/bundles.fixture.ts';
import { startChorus } from './chorus.fixture.ts';

let folder: string;
let image: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-serve-cli-'));
  await writePets(join(folder, 'pets'));
  await writeFile(join(folder, 'empty'), '\n');
  image = await smoothFile('jpeg', 1);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('chorus serve', () => {
  it('prints its address, answers with the token of a file, and ends with 143 after SIGTERM', async () => {
    await writeFile(join(folder, 'token'), 'secret\n');
    const words = ['serve', 'pets', '--student', '--threads', '1', '--port', '0', '--token-file', 'token'];
    const { child, printed, ended } = startChorus(folder, words);
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await printed('http://127.0.0.1:');
    const [url] = /http:\S+/.exec(output)!;
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/classify?top=1`, {
        ...{ method: 'POST', body: image, headers: { 'Content-Type': 'image/jpeg', ...headers } },
      });
    expect((await ask({})).status).toBe(401);
    expect(await (await ask({ Authorization: 'Bearer secret' })).json()).toMatchObject({
      results: [{ classes: [{ label: expect.stringMatching(/^(cats|dogs)$/) }] }],
    });
    child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await ended;
    expect(exitCode).toBe(143);
    expect(stdout).toMatch(/^lively, version [0-9a-f]{12}: 2 classes, by onnxruntime\nhttp:\/\/127\.0\.0\.1:\d+\n$/);
    expect(stderr).toBe('SIGTERM: stopping after the last answers (a second signal exits at once)\n');
  });

  it('refuses an empty CHORUS_TOKEN', async () => {
    const { exitCode, stderr } = await startChorus(folder, ['serve', 'pets'], { environment: { CHORUS_TOKEN: '' } })
      .ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('token in CHORUS_TOKEN') });
  });

  it('sets up only onnxruntime, and refuses to start without it', async () => {
    const npm = join(folder, 'npm');
    await writeFile(npm, '#!/bin/sh\necho "npm error no route" >&2; exit 1\n', { mode: 0o755 });
    const environment = { CHORUS_CACHE: join(folder, 'cache'), CHORUS_NPM: npm, CHORUS_ONNXRUNTIME: '' };
    for (const words of [
      ['serve', 'pets'],
      ['setup', '--serve'],
    ]) {
      const { exitCode, stdout, stderr } = await startChorus(folder, words, { environment }).ended;
      expect(exitCode).toBe(2);
      expect(stdout + stderr).toMatch(/npm could not download onnxruntime-node@.* no route\n$/);
      expect(stdout + stderr).not.toMatch(/downloading tensorflow|compiling/);
    }
  });

  it.each([
    ['an address that others reach', ['pets', '--host', '0.0.0.0'], /^chorus: Expected a token .* --allow-anyone\.\n$/],
    [
      'a missing bundle',
      ['nowhere', '--port', '0'],
      /^chorus: Expected a bundle at .*nowhere.*no such file or folder\.\n$/,
    ],
    [
      'a missing token file',
      ['pets', '--token-file', 'none'],
      /Cannot read the token in \S+none: no such file or folder\./,
    ],
    ['a port of letters', ['pets', '--port', 'x'], /--port <number>.* Expected a number\./],
    [
      'an empty token file',
      ['pets', '--token-file', 'empty'],
      /^chorus: Expected a token in \S+empty, received an empty file\.\n$/,
    ],
    ['a negative delay', ['pets', '--batch-delay', '-1'], /--batch-delay <ms>.* whole number of at least 0\./],
    ['no time to drain', ['pets', '--drain', 'x'], /--drain <seconds>.* Expected a number\./],
    ['no threads', ['pets', '--threads', '0'], /--threads <count>.* Expected a whole number of at least 1\./],
  ])('refuses %s with 2', async (_, words, message) => {
    const { exitCode, stdout, stderr } = await startChorus(folder, ['serve', ...words]).ended;
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
