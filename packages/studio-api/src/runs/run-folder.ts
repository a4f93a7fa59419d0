/** The runs of a workspace, which are folders in its folder `runs`. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '@chorus/server/http';

export function runsFolder(workspace: string): string {
  return join(workspace, 'runs');
}

/**
 * The folder of a run, which may not exist yet.
 *
 * @throws RequestError for an id that is not the name of a folder in `runs`.
 */
export function runFolderOf(workspace: string, id: string): string {
  if (id === '' || id.startsWith('.') || /[\\/\0]/.test(id)) throw unknownRun(id);
  return join(runsFolder(workspace), id);
}

/** @throws RequestError as {@link runFolderOf}, and when there is no such folder, or a link in its place. */
export async function existingRunFolder(workspace: string, id: string): Promise<string> {
  const folder = runFolderOf(workspace, id);
  const found = await lstat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw unknownRun(id);
  return folder;
}

export function unknownRun(id: string): RequestError {
  return new RequestError(404, 'not_found', `There is no run ${JSON.stringify(id.slice(0, 80))}.`);
}
