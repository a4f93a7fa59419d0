/** Chorus as a server: `server.child.js BUNDLE PORT`. */
import { serveBundle } from '@chorus/server';

const [bundle, port] = process.argv.slice(2) as [string, string];
await serveBundle(bundle, { port: Number(port) });
