#!/usr/bin/env node
/**
 * Makes packages ready to run, `ready.mjs PACKAGE…`: builds changed packages and sets up the native runtime, through turbo.
 * Prints only the steps that take long, and all of turbo's output if it fails; prints nothing to stdout, which belongs to
 * the command.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const filters = process.argv.slice(2).map((name) => `--filter=${name}...`);
const turbo = spawn('turbo', ['run', 'setup', ...filters, '--log-order=stream'], { cwd: root });
const printed = [];
const slow = setTimeout(() => console.error('building the packages (only after a change)'), 3000);
for (const stream of [turbo.stdout, turbo.stderr])
  createInterface(stream).on('line', (line) => {
    printed.push(line);
    const step = /native runtime: .*/.exec(line);
    if (step !== null) console.error(step[0]);
  });
turbo.on('error', (error) => {
  console.error(
    `turbo cannot be started (${error.message}); use: pnpm chorus, pnpm bench, pnpm soak, pnpm torture, pnpm parity or pnpm golden`,
  );
  process.exit(2);
});
turbo.on('close', (exitCode) => {
  clearTimeout(slow);
  if (exitCode !== 0) console.error(printed.join('\n'));
  process.exit(exitCode === 0 ? 0 : 2);
});
