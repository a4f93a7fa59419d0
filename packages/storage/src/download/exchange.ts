/**
 * A single GET request and its response.
 *
 * Uses undici's dispatch handlers instead of its response bodies: an error discards the data buffered in a body, and
 * undici 7 crashes the process when a server closes a connection that a full body has paused (undici issue 5360). The
 * code here therefore never pauses a connection.
 */
import type { Dispatcher } from 'undici';
import { systemErrorText } from '../system-error.ts';
import { TransferFault, TransferRefusal } from './faults.ts';

export interface Answer {
  status: number;
  /** Returns the value of a header that occurs exactly once, by its lower-case name. */
  header(name: string): string | undefined;
  /**
   * Yields everything that arrived, then throws if the transfer failed.
   *
   * @throws TransferFault when the connection breaks or stalls; TransferRefusal for more than `maximumBytes`; the
   * signal's reason.
   */
  content(): AsyncGenerator<Uint8Array>;
  /** Aborts the request. */
  drop(): void;
}

export interface ExchangeOptions {
  headers: Readonly<Record<string, string>>;
  /** Maximum size of the response; also bounds the data buffered in memory. */
  maximumBytes: number;
  signal: AbortSignal | undefined;
}

/**
 * Sends a GET request; resolves when the response headers have arrived.
 *
 * @throws TransferFault when there is no response; TransferRefusal for an untrusted certificate; the signal's reason.
 */
export function exchange(dispatcher: Dispatcher, address: URL, options: ExchangeOptions): Promise<Answer> {
  const { headers, maximumBytes, signal } = options;
  return new Promise((resolve, reject) => {
    const waiting: Uint8Array[] = [];
    let receivedBytes = 0;
    let end: { error?: unknown } | undefined;
    let wake = () => {};
    let drop = () => {};

    const finish = (how: { error?: unknown }) => {
      end ??= how;
      signal?.removeEventListener('abort', onAbort);
      reject(end.error);
      wake();
    };
    const onAbort = () => {
      finish({ error: signal?.reason });
      drop();
    };
    async function* content(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const chunk = waiting.shift();
        if (chunk !== undefined) yield chunk;
        else if (end === undefined)
          await new Promise<void>((resume) => {
            wake = resume;
          });
        else if ('error' in end) throw end.error;
        else return;
      }
    }

    signal?.addEventListener('abort', onAbort);
    dispatcher.dispatch(
      { origin: address.origin, path: `${address.pathname}${address.search}`, method: 'GET', headers },
      {
        onRequestStart(controller) {
          drop = () => controller.abort(new Error('dropped'));
          if (end !== undefined) drop();
        },
        onResponseStart(_, status, received) {
          // A 1xx response is informational: the final response follows.
          if (status < 200) return;
          const header = (name: string) => {
            const value = received[name];
            return typeof value === 'string' ? value : undefined;
          };
          resolve({ status, header, content, drop: () => drop() });
        },
        onResponseData(_, chunk) {
          receivedBytes += chunk.length;
          if (receivedBytes > maximumBytes) {
            finish({ error: new TransferRefusal(`expected at most ${maximumBytes} bytes, received more`) });
            drop();
          } else {
            waiting.push(chunk);
            wake();
          }
        },
        onResponseEnd: () => finish({}),
        onResponseError: (_, error) => finish({ error: asFault(error) }),
      },
    );
  });
}

// --- internal ---

function asFault(error: NodeJS.ErrnoException): Error {
  const code = error.code ?? '';
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/.test(code))
    return new TransferRefusal(
      `expected a certificate that this machine trusts, received ${code} (for a proxy's certificate, set NODE_EXTRA_CA_CERTS)`,
      { cause: error },
    );
  // When several addresses were tried, the error has a code but no message.
  return new TransferFault(systemErrorText(error) || error.name, { cause: error });
}
