/** Child processes that hold locks, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const storageUrl = new URL('../dist/index.js', import.meta.url).href;
const children: ChildProcess[] = [];

export interface Holder {
  child: ChildProcess;
  /** Its stderr, once it has ended. */
  errors: Promise<string>;
}

/** Starts a process that holds the lock of `path` until it is killed or its stdin ends. */
export async function holder(path: string): Promise<Holder> {
  const started = start(`const lock = await tryLock(${JSON.stringify(path)});
    console.log('held');
    process.stdin.on('end', async () => { await lock.release(); process.exit(0); }).resume();`);
  const [line] = await once(createInterface(started.child.stdout!), 'line');
  if (line !== 'held') throw new Error(`expected a holder, received ${line}`);
  return started;
}

/** Starts a process that waits for the lock of `path`, writes its process id to `log` ten times, and ends. */
export function worker(path: string, log: string): Holder {
  return start(`import { appendFile } from 'node:fs/promises';
    await withLock(${JSON.stringify(path)}, async () => {
      for (let time = 0; time < 10; time += 1) await appendFile(${JSON.stringify(log)}, process.pid + '\\n');
    });`);
}

export function killHolders(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

// --- internal ---

function start(script: string): Holder {
  const program = `import { tryLock, withLock } from ${JSON.stringify(storageUrl)};\n${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  children.push(child);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, errors: once(child, 'close').then(() => text) };
}
