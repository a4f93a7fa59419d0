// Embeds a WebAssembly file in a JavaScript module, so that a browser, too, loads it synchronously and without a file.
import { readFileSync, writeFileSync } from 'node:fs';

const [wasm, module] = process.argv.slice(2);
writeFileSync(module, `export default '${readFileSync(wasm).toString('base64')}';\n`);
