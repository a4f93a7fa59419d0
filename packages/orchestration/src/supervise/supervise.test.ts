/** Which run an incident belongs to, with small processes that crash. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from './incident.ts';
import { incidentsVariable, supervise } from './supervise.ts';

const supervised = createRequire(import.meta.url).resolve('@chorus/orchestration/supervisor');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-supervise-'));
  for (const name of ['seed-1', 'seed-2']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'experiment.json'), '{}');
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Supervises processes that announce runs and then crash. */
async function superviseThese(runsOfProcesses: readonly (readonly string[])[]) {
  /** By process: what it knows of earlier incidents, after it has announced its runs. */
  const received: Incident[][] = [];
  const resumed: (string | undefined)[] = [];
  const notices: string[] = [];
  let incidents: readonly Incident[] = [];
  await supervise({
    start(earlier, run) {
      const runs = runsOfProcesses[resumed.length]!.map((name) => join(folder, name));
      resumed.push(run?.folder);
      const program = `
        import { reportToSupervisor } from ${JSON.stringify(supervised)};
        const { announce, incidents } = reportToSupervisor();
        for (const folder of ${JSON.stringify(runs)}) announce({ folder, resume: [] });
        process.send({ kind: 'received', incidents }, () => process.kill(process.pid, 'SIGSEGV'));`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, [incidentsVariable]: JSON.stringify(earlier) },
      });
      child.on('message', (message: { kind: string; incidents: Incident[] }) => {
        if (message.kind === 'received') received.push(message.incidents);
      });
      return child;
    },
    isStopping: () => false,
    onIncident(_, next) {
      incidents = next.incidents;
    },
    onNotice: (notice) => notices.push(notice),
  });
  const foldersOf = (some: readonly Incident[]) => some.map((one) => one.folder && basename(one.folder));
  return { resumed, notices, folders: foldersOf(incidents), received: received.map(foldersOf) };
}

describe('an incident', () => {
  it('belongs to the first run if none existed, and never to a later one too', async () => {
    const one = ['seed-1', 'seed-2'];
    const { folders, received } = await superviseThese([[], one, one, one]);
    expect(folders).toEqual(['seed-1', 'seed-2', 'seed-2', 'seed-2']);
    expect(received).toEqual([[], ['seed-1'], ['seed-1', 'seed-2'], ['seed-1', 'seed-2', 'seed-2']]);
  });

  it('of a planned run counts for it, and the command of an earlier seed resumes both', async () => {
    const { folders, resumed, notices } = await superviseThese(Array(3).fill(['seed-1', 'planned']));
    expect(folders).toEqual(['planned', 'planned', 'planned']);
    // Its folder, in which it would be recorded, does not exist.
    expect(notices).toEqual([]);
    expect(resumed).toEqual([undefined, join(folder, 'seed-1'), join(folder, 'seed-1')]);
  });

  it('belongs to no run if none was ever created', async () => {
    const { folders, notices } = await superviseThese(Array(3).fill(['planned']));
    expect(folders).toEqual([null, null, null]);
    expect(notices).toEqual([]);
  });

  it('that cannot be recorded leads to a notice', async () => {
    const { notices } = await superviseThese(Array(3).fill(['seed-1']));
    expect(notices).toEqual([expect.stringMatching(/^The report will not say how the run has ended: .*seed-1/)]);
  });
});
