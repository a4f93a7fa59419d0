import { incidentsVariable, supervise } from '@chorus/orchestration/supervisor';
import { incidentLines } from './incident-lines.ts';
import { startCommand } from './start-command.ts';
import { Stopping } from './stopping.ts';

/** Runs a training in a child process, and starts it again when it hangs or crashes; returns the exit code. */
export async function runTraining(words: readonly string[]): Promise<number> {
  const stopping = new Stopping();
  const { run, ...ending } = await supervise({
    start(incidents, run) {
      const environment = incidents.length === 0 ? {} : { [incidentsVariable]: JSON.stringify(incidents) };
      const child = startCommand(run?.resume ?? words, environment);
      stopping.follow(child);
      return child;
    },
    isStopping: () => stopping.stoppedBy !== undefined,
    onIncident(incident, next) {
      // A killed process could not show the cursor that its progress bars had hidden.
      if (process.stdout.isTTY) process.stdout.write('\u001b[?25h');
      for (const line of incidentLines(incident, next)) console.error(line);
    },
    onNotice: (notice) => console.error(`chorus: ${notice}`),
  });
  if (ending.signal !== null) console.error(endLine(stopping, run?.folder));
  return stopping.exitCode(ending);
}

// --- internal ---

function endLine({ stoppedBy }: Stopping, folder: string | undefined): string {
  const end = stoppedBy === undefined ? 'has ended' : `was killed after ${stoppedBy}`;
  const advice =
    folder === undefined ? 'if it has a run folder, resume it with --resume' : `resume it with --resume ${folder}`;
  return `chorus: The run ${end}; ${advice}`;
}
