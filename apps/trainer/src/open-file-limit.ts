/** The limit on open files, checked before a command is loaded: Node.js opens many files at once to load its modules, and fails with errors that hide the reason. */

/** The usual default of macOS; on two cores, loading the command that needs most failed at 160 and succeeded at 256. */
const leastOpenFiles = 256;

/** Returns a message if this process may open too few files; Node.js has raised its limit as far as it may. */
export function whyTooFewOpenFiles(): string | undefined {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const limit = userLimits?.open_files?.soft;
  if (typeof limit !== 'number' || limit >= leastOpenFiles) return undefined;
  return `Expected a limit of at least ${leastOpenFiles} open files, received ${limit}; raise it (ulimit -n ${leastOpenFiles}).`;
}
