#!/usr/bin/env node
/** Parses, runs rows and prints: `pnpm bench [ROW…] [--rounds N] [--json FILE]`. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measurement, Row } from './row.ts';
import { load } from './rows/load.ts';
import { table } from './table.ts';

const rows: readonly Row[] = [load];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '7' }, json: { type: 'string' } },
});
const roundCount = Number(values.rounds);
if (!Number.isInteger(roundCount) || roundCount < 1) fail(`Expected --rounds from 1 on, received ${values.rounds}.`);
const unknown = positionals.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined)
  fail(`Expected rows out of ${rows.map(({ name }) => name).join(', ')}, received ${unknown}.`);

const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, node ${process.versions.node}`;
console.log(machine);
const results: { row: string; title: string; measurements: Measurement[] }[] = [];
for (const { name, title, measure } of rows) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const measurements = await measure({ roundCount, onProgress: (words) => console.error(`${name}: ${words}`) });
  results.push({ row: name, title, measurements });
  console.log(`\n${name}: ${title}; median (smallest to largest) of ${roundCount}\n\n${table(measurements)}`);
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);

// --- internal ---

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}
