// A process that decodes files and reports each outcome and its peak memory.
import { decodeImage } from '../dist/index.js';

const { paths, user } = JSON.parse(process.argv[2]);
// After loading the modules, which may be unreadable for that user.
if (user !== undefined) process.setuid(user);
const outcomes = [];
for (const path of paths) {
  const decoded = decodeImage(path, [32], {
    ...{ background: 'white', resize: 'antialiased' },
    ...{ maxPixels: 1e8, timeoutMs: 10_000 },
  });
  outcomes.push(
    await decoded.then(
      () => 'decoded',
      (error) => error.message,
    ),
  );
}
process.stdout.write(JSON.stringify({ outcomes, maxRssBytes: process.resourceUsage().maxRSS * 1024 }));
