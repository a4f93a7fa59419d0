// Embeds a WebAssembly file in a JavaScript module, so that the stackers need no file system and load synchronously.
import { readFileSync, writeFileSync } from 'node:fs';

const [wasm, module] = process.argv.slice(2);
writeFileSync(module, `export default '${readFileSync(wasm).toString('base64')}';\n`);
