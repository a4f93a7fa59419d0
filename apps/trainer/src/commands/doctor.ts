import type { Finding } from '@chorus/orchestration';
import { Command } from 'commander';

export const doctorCommand = new Command('doctor')
  .description('say what is missing on this machine, for all presets and for each, and the command that mends it')
  .option('--json', 'print one JSON array', false)
  .action(async ({ json }: { json: boolean }) => {
    const { exitCodes, diagnose } = await import('@chorus/orchestration');
    const findings = await diagnose(process.env);
    if (json) console.log(JSON.stringify(findings));
    else
      for (const preset of new Set(findings.map((one) => one.preset)))
        print(
          preset,
          findings.filter((one) => one.preset === preset),
        );
    // What one preset lacks keeps nobody from the others.
    if (findings.some(({ ok, preset }) => !ok && preset === null)) process.exitCode = exitCodes.badConfig;
  });

function print(preset: string | null, findings: readonly Finding[]): void {
  if (preset !== null) console.log(`\npreset ${preset}: ${findings.every(({ ok }) => ok) ? 'ready' : 'not ready'}`);
  for (const { what, ok, detail, mend } of findings) {
    console.log(`${ok ? 'ok     ' : 'missing'}  ${what}: ${detail}`);
    if (mend !== undefined) console.log(`         mend: ${mend}`);
  }
}
