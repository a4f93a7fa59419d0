import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * The folder that relative paths start from: where the user typed the command.
 *
 * pnpm says it in INIT_CWD. turbo runs a task inside its package and sets INIT_CWD to that too, so a path under a
 * package of the workspace stands for the workspace's root.
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
