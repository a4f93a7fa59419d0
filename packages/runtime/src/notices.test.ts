import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const runtimeUrl = new URL('../dist/index.js', import.meta.url).href;
const script = `
  import { initRuntime } from ${JSON.stringify(runtimeUrl)};
  initRuntime({ device: 'cpu:0' });
  console.error('own line');`;

const stderrOf = async (environment: Record<string, string>): Promise<string> => {
  const { TF_CPP_MIN_LOG_LEVEL: _, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  return (await run(process.execPath, ['--input-type=module', '--eval', script], { env })).stderr;
};

it('TensorFlow starts without log messages', async () => {
  expect(await stderrOf({})).toBe('own line\n');
});

it('TF_CPP_MIN_LOG_LEVEL enables its log messages', async () => {
  expect(await stderrOf({ TF_CPP_MIN_LOG_LEVEL: '0' })).toMatch(/I0000 .*\n(.*\n)*own line/);
});
