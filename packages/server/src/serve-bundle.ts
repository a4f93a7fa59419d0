/** A server for a bundle, on a socket. */
import { setTimeout as delay } from 'node:timers/promises';
import { createServerApp, type ServerAppOptions } from './app.ts';
import { ServerError } from './errors.ts';
import { isLoopbackName } from './http/access.ts';
import { requestLimits } from './http/limits.ts';
import { openSocket, requireFreeAddress } from './http/socket.ts';
import { type ModelInUse, openService, type ServiceOptions } from './model/image-service.ts';
import { bundleState, watchBundle } from './model/watch-bundle.ts';

export interface ServeOptions extends ServiceOptions, Pick<ServerAppOptions, 'token' | 'limits' | 'onError'> {
  /** Address to listen on; by default 127.0.0.1, which only this machine reaches. */
  host?: string | undefined;
  /** By default 8000; 0 for any free one. */
  port?: number | undefined;
  /** Answers anyone without a token, also from other machines and for other host names. */
  allowAnyone?: boolean | undefined;
  /** How often the bundle's files are looked at, milliseconds; 2,000 by default. A new bundle replaces the one in use. */
  watchIntervalMs?: number | undefined;
  /** Called after a new bundle has replaced the one in use. */
  onReload?: ((model: ModelInUse) => void) | undefined;
  /** Receives why a new bundle cannot be used, whenever the reason changes; by default, as `onError` does. */
  onReloadFailure?: ((error: unknown) => void) | undefined;
}

export interface RunningServer {
  /** Without a path, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** The bundle in use. */
  readonly model: ModelInUse;
  /**
   * Answers the requests that it has received, and frees the bundle.
   *
   * @param options `drainMs`: how long it still accepts connections, and answers new requests with 503, so that those who ask for
   * its health send no more; 0 by default. `graceMs`: connections that are still open that long afterwards are cut; 10,000 by
   * default.
   */
  stop(options?: { drainMs?: number; graceMs?: number }): Promise<void>;
}

/**
 * Loads a bundle and serves it over HTTP.
 *
 * @throws ServerError for an invalid option, a bundle that cannot be loaded, or an address that cannot be used; its code is
 * `token-needed` without a token on an address that other machines reach.
 * @example
 * const server = await serveBundle('run/bundle', { port: 8000 });
 * await server.stop();
 */
export async function serveBundle(bundle: string, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8000, token, allowAnyone = false, watchIntervalMs = 2000 } = options;
  const { onError = console.error, onReload = () => {}, onReloadFailure = onError } = options;
  const isLoopback = isLoopbackName(host);
  requireToken(token, { host, isOpen: isLoopback || allowAnyone });
  const limits = requestLimits(options.limits ?? {});
  // Before the bundle is loaded, which may take long.
  await requireFreeAddress(host, port);
  // Before the bundle is loaded, so that a change during the load is noticed.
  const used = await bundleState(bundle);
  const service = await openService(bundle, options);
  try {
    const ownHostOnly = isLoopback && token === undefined && !allowAnyone;
    const app = createServerApp(service, { token, ownHostOnly, limits, onError });
    const { answerTimeoutMs } = limits;
    const socket = await openSocket(app, { host, port, answerTimeoutMs, onError });
    const endWatch = watchBundle(bundle, {
      ...{ used, intervalMs: watchIntervalMs, onFailure: onReloadFailure },
      async reload() {
        if (await service.reload()) onReload(service.model);
      },
    });
    return {
      url: socket.url,
      get model() {
        return service.model;
      },
      async stop({ drainMs = 0, graceMs = 10_000 } = {}) {
        endWatch();
        service.stop();
        if (drainMs > 0) await delay(drainMs);
        await socket.close(graceMs);
        await service.close();
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

// --- internal ---

/** @param place `isOpen`: whether the address needs no token. */
function requireToken(token: string | undefined, { host, isOpen }: { host: string; isOpen: boolean }): void {
  if (token === undefined) {
    if (isOpen) return;
    throw new ServerError(`Expected a token to listen on ${host}, which other machines may reach, received none.`, {
      code: 'token-needed',
    });
  }
  // The characters of RFC 6750; others would not arrive as they were sent.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token))
    throw new ServerError(
      'Expected a token of letters, digits and -._~+/ , with = at its end only, received another one.',
    );
}
