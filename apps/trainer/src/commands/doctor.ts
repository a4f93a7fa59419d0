import { Command } from 'commander';

export const doctorCommand = new Command('doctor')
  .description('say what is missing on this machine, and the command that mends it')
  .action(async () => {
    const { exitCodes, diagnose } = await import('@chorus/orchestration');
    const findings = await diagnose(process.env);
    for (const { what, ok, detail, mend } of findings) {
      console.log(`${ok ? 'ok     ' : 'missing'}  ${what}: ${detail}`);
      if (mend !== undefined) console.log(`         mend: ${mend}`);
    }
    if (findings.some(({ ok }) => !ok)) process.exitCode = exitCodes.badConfig;
  });
