// Writes a WebAssembly file as a module of JavaScript: the stackers run where there is no file system, and start at once.
import { readFileSync, writeFileSync } from 'node:fs';

const [wasm, module] = process.argv.slice(2);
writeFileSync(module, `export default '${readFileSync(wasm).toString('base64')}';\n`);
