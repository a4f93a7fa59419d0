/**
 * One GET and its answer.
 *
 * On undici's own handlers, as its bodies will not do: a fault throws away what waits in them, and undici 7 ends the
 * process when a server closes a connection that a full one has paused (its issue 5360). So nothing is paused here.
 */
import type { Dispatcher } from 'undici';
import { systemErrorText } from '../system-error.ts';
import { TransferFault, TransferRefusal } from './faults.ts';

export interface Answer {
  status: number;
  /** Of a header that is there once, by its lower-case name. */
  header(name: string): string | undefined;
  /**
   * All that arrived, and then what ended it.
   *
   * @throws TransferFault when the connection breaks or stalls; TransferRefusal for more than `maximumBytes`; the
   * signal's reason.
   */
  content(): AsyncGenerator<Uint8Array>;
  /** Lets go of the connection. */
  drop(): void;
}

export interface ExchangeOptions {
  headers: Readonly<Record<string, string>>;
  /** Also the most that waits in memory for the disk. */
  maximumBytes: number;
  signal: AbortSignal | undefined;
}

/**
 * @throws TransferFault when nobody answers; TransferRefusal for a certificate that is not trusted; the signal's reason.
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
          // 1xx is news of an answer, not the answer.
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
      `expected a certificate that this machine trusts, received ${code} (a proxy's own goes into NODE_EXTRA_CA_CERTS)`,
      { cause: error },
    );
  // Of several addresses that were tried, the error has a code alone.
  return new TransferFault(systemErrorText(error) || error.name, { cause: error });
}
