/** A server in a process of its own, whose memory can be measured: `server.fixture.mjs BUNDLE OPTIONS`, the options in JSON. */
import { serveBundle } from '../dist/index.js';

const [bundle, options] = process.argv.slice(2);
const server = await serveBundle(bundle, JSON.parse(options));
console.log(server.url);
process.on('SIGTERM', async () => {
  await server.stop();
  process.exit(0);
});
