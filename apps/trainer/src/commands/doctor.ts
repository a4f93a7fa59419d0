import type { Finding } from '@chorus/orchestration';
import { Command } from 'commander';
import { fixCommand } from '../print/fix-command.ts';
import { printable } from '../print/printable.ts';
import { userPath } from '../user-folder.ts';

interface DoctorFlags {
  preset?: string;
  weights?: string;
  json: boolean;
}

export const doctorCommand = new Command('doctor')
  .description('report what is missing on this machine, and the command that fixes it; exit code 0 if a run can start')
  .option('--preset <name>', 'examine this preset alone; the exit code is 2 if it cannot run here')
  .option('--weights <folder>', 'the weights that a run would start from, as in train')
  .option('--json', 'print one JSON array', false)
  .action(async ({ preset, weights, json }: DoctorFlags) => {
    const { exitCodes, diagnose, isReady, isNamedWeights } = await import('@chorus/orchestration');
    const findings = await diagnose({
      environment: process.env,
      ...(preset === undefined ? {} : { preset }),
      ...(weights === undefined ? {} : { weights: isNamedWeights(weights) ? weights : userPath(weights) }),
    });
    if (json)
      console.log(JSON.stringify(findings.map(({ fix, ...one }) => (fix ? { ...one, fix: fixCommand(fix) } : one))));
    else print(findings, isReady);
    const presets = [...new Set(findings.flatMap((one) => one.preset ?? []))];
    const canRun =
      preset === undefined
        ? findings.every(({ ok, preset: owner }) => ok || owner !== null)
        : presets.every((name) => isReady(findings, name));
    if (!canRun) process.exitCode = exitCodes.badConfig;
  });

function print(findings: readonly Finding[], isReady: typeof import('@chorus/orchestration').isReady): void {
  for (const preset of new Set(findings.map((one) => one.preset))) {
    if (preset !== null) console.log(`\npreset ${preset}: ${isReady(findings, preset) ? 'ready' : 'not ready'}`);
    for (const { what, ok, detail, fix } of findings.filter((one) => one.preset === preset)) {
      console.log(`${ok ? 'ok     ' : 'missing'}  ${what}: ${printable(detail)}`);
      if (fix !== undefined) console.log(`         fix: ${fixCommand(fix)}`);
    }
  }
}
