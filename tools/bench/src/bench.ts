#!/usr/bin/env node
/** Parses, runs rows and prints: `pnpm bench [ROW…] [--rounds N] [--quick] [--case TEXT] [--json FILE] [--data DIR] [--weights DIR] [--list]`. */
import { resolve } from 'node:path';
import { publishFile, withTemporaryFolder } from '@chorus/storage';
import { ArgumentError, type Arguments, parseArguments } from './arguments.ts';
import { describeMachine, machineText } from './machine.ts';
import { prepareBenchPython } from './python.ts';
import { type RowReport, reportJson } from './report.ts';
import type { Row } from './row.ts';
import { rows } from './rows.ts';
import { caseText } from './table.ts';

try {
  await run();
} catch (error) {
  console.error(`bench: ${error instanceof ArgumentError ? error.message : (error as Error).stack}`);
  process.exitCode = error instanceof ArgumentError ? 2 : 1;
}

// --- internal ---

async function run(): Promise<void> {
  const asked = parseArguments(
    process.argv.slice(2),
    rows.map(({ name }) => name),
    rows.filter(({ onRequest }) => onRequest !== undefined).map(({ name }) => name),
  );
  if (asked.list) {
    for (const { name, title, minutes, onRequest } of rows)
      console.log(
        `${name.padEnd(12)} ${String(minutes.whole).padStart(3)} min  ${title}${onRequest === undefined ? '' : ` (only if named: ${onRequest})`}`,
      );
    return;
  }
  const chosen = rows.filter(({ name }) => asked.rows.includes(name));
  const extent = asked.quick ? 'quick' : 'whole';
  const startedAt = new Date().toISOString();
  const machine = await describeMachine();
  console.log(machineText(machine));
  if (asked.quick) console.log('QUICK: fewer rounds, steps, cases and contestants; a smoke test, not a measurement.');
  console.log(durationText(chosen, extent, asked));
  const reports: RowReport[] = [];
  for (const { name, title, measure, roundCount: own } of chosen) {
    const startedAtMs = Date.now();
    const roundCount = asked.roundCount ?? own[extent];
    const onProgress = (words: string) => console.error(`${name}: ${words}`);
    const report: RowReport = { name, title, roundCount, seconds: 0, cases: [] };
    reports.push(report);
    const rounds = roundCount === 1 ? 'one round' : `median (smallest to largest) of ${roundCount} rounds in turn`;
    console.log(`\n${name}${asked.quick ? ', QUICK' : ''}: ${title}; ${rounds}`);
    await withTemporaryFolder('chorus-bench', async (folder) => {
      const options = { ...asked, roundCount, folder, onProgress, python: () => prepareBenchPython(onProgress) };
      // Saves the finished rows even if a later one fails.
      for await (const one of measure(options)) {
        report.cases.push(one);
        report.seconds = (Date.now() - startedAtMs) / 1000;
        console.log(`\n${caseText(one)}`);
        if (asked.json !== undefined)
          await publishFile(
            resolve(process.env.INIT_CWD ?? process.cwd(), asked.json),
            `${JSON.stringify(reportJson({ startedAt, quick: asked.quick, machine }, reports), null, 2)}\n`,
          );
      }
    });
  }
}

/** Describes the expected duration, which does not account for --case and --rounds. */
function durationText(
  chosen: readonly Row[],
  extent: keyof Row['minutes'],
  { roundCount, case: named }: Arguments,
): string {
  const minutes = chosen.reduce((sum, row) => sum + row.minutes[extent], 0);
  const whole = roundCount === undefined && named === undefined ? '' : ' with all cases and the usual rounds';
  return `${chosen.map(({ name }) => name).join(', ')}: about ${minutes} minutes on two cores${whole}.`;
}
