import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareExperiment, train } from '@chorus/orchestration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configTemplate } from '../print/config-template.ts';
import { startChorus } from './chorus.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-init-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const prepare = (file: string, assignments: string[] = []) =>
  prepareExperiment({ preset: 'auto', file, assignments, base: folder, environment: {} });

describe('chorus init', () => {
  it('writes a file that loads and trains, and overwrites none', { timeout: 120_000 }, async () => {
    const { exitCode, stdout, stderr } = await startChorus(folder, ['init']).ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`${at('chorus.config.ts')}\ntrain with it: pnpm chorus train --config chorus.config.ts`);
    const { experiment, preset } = await prepare(at('chorus.config.ts'), [
      'inputSize=32',
      'data.limitPerClass=30',
      'recipe.whole.epochCount=1',
      'workers=[{"device":"cpu:0"}]',
      'stackers.kinds=["mean"]',
      'members=[{"name":"a","backbone":"mobilenet","alpha":0.25},{"name":"b","backbone":"mobilenet","alpha":0.25}]',
      'weights=random',
      'data.source=shapes',
    ]);
    expect(preset).toBeUndefined();
    const { report } = await train(experiment, { out: at('run') });
    expect(report.stackers.map(({ kind }) => kind)).toEqual(['mean']);

    await writeFile(at('chorus.config.ts'), 'mine');
    const again = await startChorus(folder, ['init']).ended;
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/chorus\.config\.ts exists already and is not overwritten; name another file/);
    expect(await readFile(at('chorus.config.ts'), 'utf8')).toBe('mine');
  });

  it.each([
    ['auto', 'demo'],
    ['mobile', 'mobile'],
  ])('starts from the preset %s', async (preset, expected) => {
    const file = at(`${preset}.ts`);
    const data = preset === 'auto' ? undefined : 'it\'s/a "folder"';
    await writeFile(file, configTemplate({ file: 'chorus.config.ts', preset, data }));
    const prepared = await prepare(file);
    expect(prepared.preset?.name).toBe(expected);
    expect(prepared.experiment.data.source).toBe(data === undefined ? 'shapes' : join(folder, data));
  });

  it('writes every key that an experiment has', () => {
    const text = configTemplate({ file: 'chorus.config.ts', preset: 'mobile' });
    const { properties } = JSON.parse(
      readFileSync(new URL('../../../../packages/orchestration/experiment.schema.json', import.meta.url), 'utf8'),
    );
    const keys = Object.keys(properties).filter((key) => key !== '$schema');
    expect(keys).toContain('timeBudgetSeconds');
    for (const key of [...keys, 'imbalance']) expect(text, key).toMatch(new RegExp(`^ +(// )?(.*, )?${key}: .+`, 'm'));
  });

  it('writes settings that are valid, each of them', async () => {
    const lines = configTemplate({ file: 'chorus.config.ts', preset: 'mobile' }).split('\n');
    const isSetting = (line: string) => /^ +\/\/ \w+: .*,$/.test(line);
    expect(lines.filter(isSetting).length).toBeGreaterThan(10);
    for (const [index, line] of lines.entries()) {
      if (!isSetting(line)) continue;
      const text = lines.map((one, other) => (other === index ? one.replace('// ', '') : one)).join('\n');
      const file = at(`setting-${index}.ts`);
      await writeFile(file, text);
      await expect(prepare(file, line.includes('source:') ? [] : ['data.source=shapes'])).resolves.toBeDefined();
    }
  });
});
