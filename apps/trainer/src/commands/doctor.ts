import type { Finding } from '@chorus/orchestration';
import { Command } from 'commander';

export const doctorCommand = new Command('doctor')
  .description('say what is missing on this machine, for all presets and for each, and the command that mends it')
  .option('--json', 'print one JSON array', false)
  .action(async ({ json }: { json: boolean }) => {
    const { exitCodes, diagnose } = await import('@chorus/orchestration');
    const findings = await diagnose(process.env);
    if (json) console.log(JSON.stringify(findings));
    else print(findings);
    // What one preset lacks keeps nobody from the others.
    if (findings.some(({ ok, preset }) => !ok && preset === null)) process.exitCode = exitCodes.badConfig;
  });

function print(findings: readonly Finding[]): void {
  for (const preset of new Set(findings.map((one) => one.preset))) {
    const own = findings.filter((one) => one.preset === preset);
    // What all presets need, this one needs too.
    const ready = findings.every((one) => one.ok || (one.preset !== null && one.preset !== preset));
    if (preset !== null) console.log(`\npreset ${preset}: ${ready ? 'ready' : 'not ready'}`);
    for (const { what, ok, detail, mend } of own) {
      console.log(`${ok ? 'ok     ' : 'missing'}  ${what}: ${detail}`);
      if (mend !== undefined) console.log(`         mend: ${mend}`);
    }
  }
}
