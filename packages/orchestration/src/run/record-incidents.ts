import { messageOf } from '../exit-codes.ts';
import type { Incident } from '../supervise/incident.ts';
import { IncidentRecord } from './incident-record.ts';
import { openRunFolder } from './run-folder.ts';

/**
 * Records incidents of a run in its folder, after which no process is started that would.
 *
 * @param incidents also those of other runs, which are ignored.
 * @param onNotice called with a message when they cannot be recorded.
 */
export async function recordIncidents(
  path: string,
  incidents: readonly Incident[],
  onNotice: (notice: string) => void,
): Promise<void> {
  try {
    const folder = await openRunFolder(path, 'resume', onNotice);
    try {
      const own = incidents.filter((one) => one.folder === path);
      await IncidentRecord.open(folder.restarts, own, onNotice);
    } finally {
      await folder.release();
    }
  } catch (error) {
    onNotice(`The report will not say how the run has ended: ${messageOf(error)}`);
  }
}
