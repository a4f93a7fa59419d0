import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { printable } from '../print/printable.ts';
import { stopExitCode, stopSignal } from '../stop-signal.ts';
import { userFolder, userPath } from '../user-folder.ts';
import { numberArgument } from './number-argument.ts';

interface StudioFlags {
  host: string;
  port: number;
}

/** The studio gives its training a minute to stop. */
const graceMs = 65_000;

export const studioCommand = new Command('studio')
  .description('collect images, train and try models in a page of this machine, until it is stopped')
  .argument('[folder]', 'where data sets and runs are written (default: the working folder)')
  .option('--host <address>', 'address to listen on, which only this machine reaches', '127.0.0.1')
  .option('--port <number>', 'port to listen on; 0 for any free one', numberArgument, 4000)
  .action(async (folder: string | undefined, { host, port }: StudioFlags) => {
    const [{ ConfigError }, { serveStudio, ServerError }] = await Promise.all([
      import('@chorus/orchestration'),
      import('@chorus/studio-api'),
    ]);
    const stopped = new Promise<void>((resolve) => {
      const signal = stopSignal(
        (cause) => console.error(`${cause}: stopping; a training can be resumed (a second signal exits at once)`),
        { graceMs },
      );
      signal.addEventListener('abort', () => resolve());
    });
    try {
      const running = await serveStudio({
        workspace: folder === undefined ? userFolder(process.env, process.cwd()) : userPath(folder),
        pages: dirname(fileURLToPath(import.meta.resolve('@chorus/studio/studio/index.html'))),
        ...{ host, port },
      });
      console.log(printable(`Chorus Studio in ${running.studio.folder}`));
      console.log(running.url);
      await stopped;
      await running.stop();
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      throw new ConfigError(error.message, [], { cause: error });
    }
    process.exitCode = stopExitCode();
  });
