import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, it } from 'vitest';
import { isAlive, type ProcessIdentity, thisProcess } from './live-process.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a process that ends with its stdin. */
async function started(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const program = `import { thisProcess } from ${JSON.stringify(new URL('../dist/live-process.js', import.meta.url).href)};
    console.log(JSON.stringify(await thisProcess()));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, identity: JSON.parse(String(line)) };
}

it('a process is alive until it is killed', async () => {
  const { child, identity } = await started();
  expect(identity).toMatchObject({ processId: child.pid, machine: (await thisProcess()).machine });
  expect(identity.startedAt).not.toBeNull();
  expect(await isAlive(identity)).toBe(true);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(await isAlive(identity)).toBe(false);
});

it('a process that has the id of an earlier one is not the earlier one', async () => {
  const own = await thisProcess();
  expect(await isAlive(own)).toBe(true);
  expect(await isAlive({ ...own, startedAt: '1' })).toBe(false);
});

it('without its start, a process is judged by its id alone', async () => {
  expect(await isAlive({ ...(await thisProcess()), startedAt: null })).toBe(true);
  expect(await isAlive({ ...(await thisProcess()), processId: 2 ** 30, startedAt: null })).toBe(false);
});

it('nothing is known about a process of another machine', async () => {
  expect(await isAlive({ ...(await thisProcess()), machine: 'other' })).toBeUndefined();
});

it.runIf(process.platform === 'linux')('a process whose parent has not read its exit code is not alive', async () => {
  // A program that never waits for the child that bash has started.
  const parent = spawn('bash', ['-c', 'sleep 60 & echo $!; exec tail -f /dev/null']);
  children.push(parent);
  const [line] = await once(parent.stdout, 'data');
  const identity = { ...(await thisProcess()), processId: Number(String(line)), startedAt: null };
  await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('tail\n');
  expect(await isAlive(identity)).toBe(true);
  process.kill(identity.processId, 'SIGKILL');
  await expect.poll(() => isAlive(identity)).toBe(false);
  expect(() => process.kill(identity.processId, 0)).not.toThrow();
});
