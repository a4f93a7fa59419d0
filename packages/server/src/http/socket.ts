/** A hono app on a socket. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, isIPv6, type Server as NetServer } from 'node:net';
import { systemErrorText } from '@chorus/storage/system-error';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { ServerError } from '../errors.ts';

export interface SocketOptions {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Time in which the app answers a request, milliseconds. */
  answerTimeoutMs: number;
  /** Receives errors of the socket, such as too many open files; it stays open. */
  onError(error: unknown): void;
}

export interface Socket {
  /** Without a path, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Closes idle connections at once, and the others after their answers, or after `graceMs` milliseconds. */
  close(graceMs: number): Promise<void>;
}

/**
 * Answers requests at an address.
 *
 * @throws ServerError for an invalid port, or an address that cannot be used.
 */
export async function openSocket(
  app: Pick<Hono, 'fetch'>,
  { host, port, answerTimeoutMs, onError }: SocketOptions,
): Promise<Socket> {
  requirePort(port);
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: timeoutsOf(answerTimeoutMs) }) as Server;
  await listen(server, host, port);
  server.on('error', onError);
  return { url: urlOf(server.address() as AddressInfo), close: (graceMs) => close(server, graceMs) };
}

/** @throws ServerError as {@link openSocket}. */
export async function requireFreeAddress(host: string, port: number): Promise<void> {
  requirePort(port);
  const server = createServer();
  await listen(server, host, port);
  server.close();
  await once(server, 'close');
}

// --- internal ---

function requirePort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ServerError(`Expected a port from 0 to 65535, received ${port}.`);
}

/** Slow clients are cut: the app answers a slow body first, so node waits longer. */
function timeoutsOf(answerTimeoutMs: number) {
  const requestTimeout = answerTimeoutMs + 1000;
  return {
    requestTimeout,
    headersTimeout: Math.min(10_000, requestTimeout),
    connectionsCheckingInterval: 1000,
  };
}

async function listen(server: NetServer, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ServerError(`Cannot listen on ${host}, port ${port}: ${systemErrorText(error)}.`, { cause: error });
  }
}

function urlOf({ address, port }: AddressInfo): string {
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
