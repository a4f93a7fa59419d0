/** Parses the command line and prints results; @chorus/orchestration does the work. */
import { readFileSync } from 'node:fs';
import { systemErrorMessage } from '@chorus/orchestration/system-error';
import { Command, CommanderError } from 'commander';
import { augmentCommand } from './commands/augment.ts';
import { checkCommand } from './commands/check.ts';
import { cleanCommand } from './commands/clean.ts';
import { devicesCommand } from './commands/devices.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downloadCommand } from './commands/download.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { featuresCommand } from './commands/features.ts';
import { initCommand } from './commands/init.ts';
import { lrFindCommand } from './commands/lr-find.ts';
import { predictCommand } from './commands/predict.ts';
import { reportCommand } from './commands/report.ts';
import { runsCommand } from './commands/runs.ts';
import { serveCommand } from './commands/serve.ts';
import { setupCommand } from './commands/setup.ts';
import { studioCommand } from './commands/studio.ts';
import { trainCommand } from './commands/train.ts';
import { goOnWithoutOutput } from './output.ts';
import { withAdvice } from './print/error-message.ts';
import { printable, printableMessage } from './print/printable.ts';
import { endOnStop, stopExitCode } from './stop-signal.ts';

endOnStop();

goOnWithoutOutput();

const program = new Command('chorus')
  .description(
    'Train an ensemble of image classifiers on your own images, run it in Node.js, and export it for Keras and the browser.',
  )
  .version(packageVersion(), '-V, --version', 'print the version')
  .addCommand(trainCommand)
  .addCommand(initCommand)
  .addCommand(checkCommand)
  .addCommand(lrFindCommand)
  .addCommand(augmentCommand)
  .addCommand(evaluateCommand)
  .addCommand(predictCommand)
  .addCommand(serveCommand)
  .addCommand(studioCommand)
  .addCommand(featuresCommand)
  .addCommand(exportCommand)
  .addCommand(reportCommand)
  .addCommand(runsCommand)
  .addCommand(cleanCommand)
  .addCommand(downloadCommand)
  .addCommand(devicesCommand)
  .addCommand(doctorCommand)
  .addCommand(setupCommand)
  .showHelpAfterError()
  .exitOverride();

for (const command of allCommands(program)) command.exitOverride().showHelpAfterError('(add --help for the options)');

// turbo and pnpm pass a separating `--` on.
const words = process.argv.slice(2).filter((word, index) => !(word === '--' && index <= 1));

// Errors that no caller can catch, such as that of a run folder that another process took over while this one was suspended.
let isFailing = false;
process.on('uncaughtException', async (error) => {
  // The first one is the cause of others.
  if (isFailing) return;
  isFailing = true;
  process.exit(await report(error));
});

try {
  // Without a command commander takes the help for an error.
  await program.parseAsync(words.length === 0 ? ['--help'] : words, { from: 'user' });
} catch (error) {
  process.exitCode = await report(error);
}
// The channel to the parent would keep the process alive. It is closed already if the parent has ended.
process.removeAllListeners('disconnect');
if (process.connected) process.disconnect();

function allCommands(parent: Command): Command[] {
  return parent.commands.flatMap((command) => [command as Command, ...allCommands(command as Command)]);
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

async function report(error: unknown): Promise<number> {
  // commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // Checked first: the import would fail for the same reason.
  const systemMessage = systemErrorMessage(error);
  if (systemMessage !== undefined) {
    console.error(`chorus: ${printable(systemMessage)}`);
    return 2;
  }
  const { adviceOf, classifyError, exitCodes } = await import('@chorus/orchestration');
  const { exitCode, forUser } = classifyError(error);
  console.error(forUser ? `chorus: ${withAdvice(printableMessage(error as Error), adviceOf(error))}` : error);
  return exitCode === exitCodes.stopped ? stopExitCode() : exitCode;
}
