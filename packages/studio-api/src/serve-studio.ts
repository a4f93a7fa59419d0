/** A studio on a socket of this machine. */
import { isLoopbackName, openSocket, requireFreeAddress, ServerError } from '@chorus/server/http';
import { createStudioApp, type StudioAppOptions } from './app.ts';
import { Studio } from './studio.ts';

export interface ServeStudioOptions extends StudioAppOptions {
  /** The folder that it works in; it is created if it does not exist. */
  workspace: string;
  /** By default 4000; 0 for any free one. */
  port?: number | undefined;
  /** An address of this machine that others do not reach; by default 127.0.0.1. */
  host?: string | undefined;
}

export interface RunningStudio {
  /** Without a path, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly studio: Studio;
  /** Stops a training, which can be resumed, and closes the socket. */
  stop(): Promise<void>;
}

/** Time in which a request is answered; exports and reports take longest. */
const answerTimeoutMs = 10 * 60_000;
/** How long connections stay open after everything has stopped, milliseconds. */
const graceMs = 1000;

/**
 * Opens a studio and serves it to pages of this machine.
 *
 * @throws ServerError for an address that others reach or that is in use, and a folder that cannot be used.
 * @example
 * const running = await serveStudio({ workspace: 'pets', pages: 'dist' });
 * console.log(running.url);
 * await running.stop();
 */
export async function serveStudio({
  workspace,
  port = 4000,
  host = '127.0.0.1',
  pages,
  onError = console.error,
}: ServeStudioOptions): Promise<RunningStudio> {
  if (!isLoopbackName(host))
    throw new ServerError(
      `Expected an address that only this machine reaches, such as 127.0.0.1, received ${host}: whoever reaches the studio can read and change files.`,
    );
  await requireFreeAddress(host, port);
  const studio = await Studio.open(workspace, { onError });
  try {
    const app = createStudioApp(studio, { pages, onError });
    const socket = await openSocket(app, { host, port, answerTimeoutMs, onError });
    return {
      url: socket.url,
      studio,
      async stop() {
        // Their watchers receive the end of the training first.
        await studio.close();
        app.endStreams();
        await socket.close(graceMs);
      },
    };
  } catch (error) {
    await studio.close();
    throw error;
  }
}
