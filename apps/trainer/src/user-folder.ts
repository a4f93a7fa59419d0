import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * The folder that relative paths are resolved against: where the user typed the command.
 *
 * pnpm sets INIT_CWD to it. turbo runs a task in its package and sets INIT_CWD to that folder, too; under turbo the root of the
 * workspace takes its place.
 */
export function userFolder(environment: NodeJS.ProcessEnv, workingFolder: string): string {
  const typedIn = environment.INIT_CWD ?? workingFolder;
  return environment.TURBO_HASH === undefined ? typedIn : (workspaceRoot(typedIn) ?? typedIn);
}

/** Resolves a path from the command line. */
export function userPath(path: string): string {
  return resolve(userFolder(process.env, process.cwd()), path);
}

function workspaceRoot(folder: string): string | undefined {
  if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : workspaceRoot(parent);
}
