/** A contestant that answers over HTTP, in a process of its own. */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface HttpServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it answers an image.
 *
 * @param command with the port as its last argument.
 * @param image content of a JPEG file.
 * @throws Error when the process ends, or does not answer with status 200.
 */
export async function startHttpServer(command: readonly string[], image: Uint8Array<ArrayBuffer>): Promise<HttpServer> {
  const port = await freePort();
  const [program, ...words] = command as [string, ...string[]];
  // A group of its own: servers in Python start further processes.
  const child = spawn(program, [...words, String(port)], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  let ended = false;
  const exit = new Promise<void>((resolve) =>
    child.once('exit', () => {
      ended = true;
      resolve();
    }),
  );
  const url = `http://127.0.0.1:${port}/classify`;
  const stop = async () => {
    if (!ended) process.kill(-child.pid!, 'SIGTERM');
    await exit;
  };
  while (true) {
    if (ended) throw new Error(`${command.join(' ')} ended before it answered`);
    const response = await postImage(url, image).catch(() => undefined);
    if (response?.ok) return { url, stop };
    if (response !== undefined) {
      await stop();
      throw new Error(`${command.join(' ')} answered ${response.status}: ${await response.text()}`);
    }
    await wait(200);
  }
}

export function postImage(url: string, image: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url, { method: 'POST', body: image, headers: { 'Content-Type': 'image/jpeg' } });
}

// --- internal ---

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
