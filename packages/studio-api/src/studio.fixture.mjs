/** A studio in a process of its own, which can be killed: `studio.fixture.mjs WORKSPACE`. */
import { serveStudio } from '../dist/index.js';

const { url } = await serveStudio({ workspace: process.argv[2], port: 0 });
console.log(url);
