/** Child processes that download, for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { FetchOptions } from './fetch-file.ts';
import type { FileSource } from './source.ts';

const storageUrl = new URL('../../dist/index.js', import.meta.url).href;
const children: ChildProcess[] = [];

export interface Fetcher {
  child: ChildProcess;
  /** Resolves when a printed line (a notice, or `bytes N`) matches. */
  says(pattern: RegExp): Promise<void>;
  /** The SHA-256 of the file, or the message of the error. */
  result: Promise<string>;
}

/** Downloads in another process. */
export function fetcher(
  source: FileSource,
  options: Pick<FetchOptions, 'path' | 'maximumBytes' | 'limits' | 'allowLoopbackHttp'>,
  { through = [], environment = {} }: { through?: string[]; environment?: Record<string, string> } = {},
): Fetcher {
  const program = `import { fetchFile } from ${JSON.stringify(storageUrl)};
    const options = { onNotice: console.log, onProgress: (bytes) => console.log('bytes ' + bytes) };
    await fetchFile(${JSON.stringify(source)}, { ...${JSON.stringify(options)}, ...options }).then(
      ({ sha256 }) => console.log('result ' + sha256),
      (error) => console.log('result ' + error.message),
    );`;
  const [command, ...parameters] = [...through, process.execPath, '--input-type=module', '--eval', program];
  const child = spawn(command!, parameters, { env: { ...process.env, ...environment } });
  children.push(child);
  const lines: string[] = [];
  let heard = () => {};
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    heard();
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return {
    child,
    async says(pattern) {
      while (!lines.some((line) => pattern.test(line)))
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
    },
    result: once(child, 'close').then(
      () => lines.findLast((line) => line.startsWith('result '))?.slice('result '.length) ?? errors,
    ),
  };
}

export function killFetchers(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}
