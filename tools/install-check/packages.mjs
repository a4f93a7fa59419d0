/** The published packages and their archives. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Packs all packages as pnpm publishes them; run the build first.
 *
 * @returns {{ name: string, version: string, folder: string, archive: string, files: string[] }[]} `files` are the paths in the archive.
 */
export function packAll(target) {
  const published = ['packages', 'apps']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name)))
    .filter((folder) => !readManifest(folder).private);
  return published.map((folder) => {
    const { name, version } = readManifest(folder);
    execFileSync('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', target], { cwd: join(root, folder) });
    const archive = join(target, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
    const files = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n');
    return { name, version, folder: join(root, folder), archive, files };
  });
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}
