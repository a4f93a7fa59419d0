import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * The base folder of relative paths: the folder in which the user typed the command.
 *
 * pnpm sets INIT_CWD to it. turbo runs a task in its package's folder and sets INIT_CWD to that too; under turbo, the base is
 * therefore the root of the workspace.
 */
export function userFolder(environment: NodeJS.ProcessEnv, workingFolder: string): string {
  const typedIn = environment.INIT_CWD ?? workingFolder;
  return environment.TURBO_HASH === undefined ? typedIn : (workspaceRoot(typedIn) ?? typedIn);
}

/** Makes a path of the command line absolute. */
export function userPath(path: string): string {
  return resolve(userFolder(process.env, process.cwd()), path);
}

function workspaceRoot(folder: string): string | undefined {
  if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : workspaceRoot(parent);
}
