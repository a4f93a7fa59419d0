import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { presets } from '../experiment/presets/presets.ts';
import { resolveExperiment } from '../experiment/resolve.ts';
import { publishedFileOf } from '../run/initial-weights.ts';
import { examinePreset } from './preset-needs.ts';

it('finds a weight file that does not fit its member', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-preset-needs-'));
  try {
    const experiment = resolveExperiment(presets.mobile.experiment);
    const names = experiment.members.map((member) => publishedFileOf(member, experiment).file.name);
    for (const name of names) await writeFile(join(folder, name), 'This is a text.');
    const common = { environment: {}, gpus: [], matched: new Map() };
    const findings = await examinePreset('mobile', { ...common, weights: folder });
    expect(findings.find(({ what }) => what === 'weights')).toMatchObject({
      ok: false,
      detail: expect.stringContaining(`${join(folder, names[0]!)}: expected an HDF5 file`),
      fix: { kind: 'published-weights', preset: 'mobile' },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
