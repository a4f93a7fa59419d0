/** Keeps a bundle's files in the browser's Cache API. */
import { sha256Of } from './bundle-files.ts';
import type { FileCache } from './http-place.ts';

/** Name of the cache, for pages that want to delete it: `caches.delete(cacheName)`. */
export const cacheName = 'chorus-bundles';

/** @returns undefined where the page has no Cache API, as outside https: and localhost. */
export function browserCache(): FileCache | undefined {
  if (globalThis.caches === undefined) return undefined;
  const keyOf = (url: URL, sha256: string) => `${url.origin}${url.pathname}?sha256=${sha256}`;
  return {
    async find(url, sha256) {
      return orNothing(async () => {
        const response = await (await caches.open(cacheName)).match(keyOf(url, sha256));
        const content = response && new Uint8Array(await response.arrayBuffer());
        // Verified here, so that a damaged entry is fetched again.
        return content !== undefined && (await sha256Of(content)) === sha256 ? content : undefined;
      });
    },
    async keep(url, sha256, content) {
      await orNothing(async () => {
        const cache = await caches.open(cacheName);
        const key = keyOf(url, sha256);
        if ((await cache.match(key)) !== undefined) return;
        for (const earlier of await cache.keys(`${url.origin}${url.pathname}`, { ignoreSearch: true }))
          await cache.delete(earlier);
        await cache.put(key, new Response(content));
      });
    },
  };
}

// --- internal ---

/** A full or forbidden cache only costs time: every file can be fetched again. */
async function orNothing<Result>(run: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await run();
  } catch {
    return undefined;
  }
}
