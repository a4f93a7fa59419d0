/** Parses the command line and prints; what it does lives in @chorus/orchestration. */
import { Command, CommanderError } from 'commander';
import { checkCommand } from './commands/check.ts';
import { devicesCommand } from './commands/devices.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downloadCommand } from './commands/download.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { featuresCommand } from './commands/features.ts';
import { predictCommand } from './commands/predict.ts';
import { setupCommand } from './commands/setup.ts';
import { trainCommand } from './commands/train.ts';
import { goOnWithoutOutput } from './output.ts';
import { printableMessage } from './print/printable.ts';
import { endOnStop } from './stop-signal.ts';

endOnStop();

goOnWithoutOutput();

const program = new Command('chorus')
  .description(
    'Train a strong image classifier from your own pictures, and run the same model in node and in a browser.',
  )
  .addCommand(trainCommand)
  .addCommand(checkCommand)
  .addCommand(evaluateCommand)
  .addCommand(predictCommand)
  .addCommand(featuresCommand)
  .addCommand(exportCommand)
  .addCommand(downloadCommand)
  .addCommand(devicesCommand)
  .addCommand(doctorCommand)
  .addCommand(setupCommand)
  .showHelpAfterError()
  .exitOverride();

for (const command of program.commands) command.exitOverride().showHelpAfterError('(add --help for the options)');

// turbo and pnpm hand a separating `--` on.
const words = process.argv.slice(2).filter((word, index) => !(word === '--' && index <= 1));

try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = await report(error);
}
// The parent's channel would keep the process; nobody asks to stop any more.
process.removeAllListeners('disconnect');
process.disconnect?.();

async function report(error: unknown): Promise<number> {
  // commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { classifyError } = await import('@chorus/orchestration');
  const { exitCode, forUser } = classifyError(error);
  console.error(forUser ? `chorus: ${printableMessage(error as Error)}` : error);
  return exitCode;
}
