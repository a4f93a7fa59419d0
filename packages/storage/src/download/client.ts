/** HTTP GET over undici, with timeouts, the proxies set in the environment, and Chorus's redirect rules. */
import { type Answer, exchange } from './exchange.ts';
import { TransferRefusal } from './faults.ts';
import type { DownloadLimits } from './limits.ts';
import { type AddressRules, readAddress } from './source.ts';

export interface Client {
  /** @throws TransferRefusal for a forbidden redirect or too many of them, and whatever {@link exchange} throws. */
  get(url: string, headers: Readonly<Record<string, string>>): Promise<Answer>;
  close(): Promise<void>;
}

export interface ClientOptions {
  limits: DownloadLimits;
  rules: AddressRules;
  maximumBytes: number;
  signal: AbortSignal | undefined;
}

/** Honors HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in upper or lower case. */
export async function createClient({ limits, rules, maximumBytes, signal }: ClientOptions): Promise<Client> {
  // Imported only here: it takes longer to load than the rest of the package, in every thread, and few download.
  const { EnvHttpProxyAgent } = await import('undici');
  const connect = { timeout: limits.connectTimeoutMs };
  const dispatcher = new EnvHttpProxyAgent({
    connect,
    proxyTls: connect,
    requestTls: connect,
    headersTimeout: limits.stallTimeoutMs,
    bodyTimeout: limits.stallTimeoutMs,
  });
  return {
    async get(url, headers) {
      const all = { 'user-agent': 'chorus', 'accept-encoding': 'identity', ...headers };
      let address = readAddress(url, rules);
      for (let redirectIndex = 0; ; redirectIndex += 1) {
        const answer = await exchange(dispatcher, address, { headers: all, maximumBytes, signal });
        const location = answer.header('location');
        if (!redirects.includes(answer.status) || location === undefined) return answer;
        answer.drop();
        if (redirectIndex >= limits.redirectCount)
          throw new TransferRefusal(`expected at most ${limits.redirectCount} redirects, received more`);
        address = readAddress(location, rules, address);
      }
    },
    async close() {
      await dispatcher.destroy();
    },
  };
}

// --- internal ---

const redirects = [301, 302, 303, 307, 308];
