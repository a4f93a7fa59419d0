import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChorus } from './chorus.fixture.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-studio-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('chorus studio', () => {
  it('prints its address, answers requests for the folder, and ends with 143 after SIGTERM', async () => {
    const { child, printed, ended } = startChorus(folder, ['studio', 'pets', '--port', '0']);
    let output = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await printed('http://127.0.0.1:');
    const [url] = /http:\S+/.exec(output)!;
    const workspace = await (await fetch(`${url}/api/workspace`)).json();
    expect(workspace).toMatchObject({ folder: join(folder, 'pets'), dataSets: [], runs: [] });
    const second = await startChorus(folder, ['studio', 'pets', '--port', '0']).ended;
    expect(second).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^chorus: Another studio works in /) });
    child.kill('SIGTERM');
    const { exitCode, stderr } = await ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 143,
      stderr: expect.stringMatching(
        /SIGTERM: stopping; a training can be resumed \(a second signal exits at once\)\n$/,
      ),
    });
  });

  it('refuses an address that other machines reach', async () => {
    const { exitCode, stderr } = await startChorus(folder, ['studio', '--host', '0.0.0.0']).ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/^chorus: Expected an address that only this machine reaches, .*\.\n$/),
    });
  });
});
