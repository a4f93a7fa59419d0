/** Checks the packages to publish, with publint and arethetypeswrong: `node lint-packages.mjs` after `pnpm build`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packAll } from './packages.mjs';

const required = [/^package\/package\.json$/, /^package\/LICENSE$/, /^package\/(dist\/|index\.js$)/];
const unwanted = /\.test\.|\.fixture\.|\.map$|tsconfig|^package\/(src|scripts)\//;

const archives = mkdtempSync(join(tmpdir(), 'chorus-packages-'));
let problemCount = 0;
try {
  for (const { name, folder, archive, files } of packAll(archives)) {
    console.log(`${name}: ${files.length} files`);
    for (const pattern of required) if (!files.some((file) => pattern.test(file))) report(`no file ${pattern}`);
    for (const file of files) if (unwanted.test(file)) report(`should not be published: ${file}`);
    const stale = files.filter((file) => isStale(file, folder));
    if (stale.length > 0)
      report(
        `${stale.length} files have no source, such as ${stale[0]}: git clean -fdX -- ${join(folder, 'dist')}, then pnpm build --force`,
      );
    run('publint', ['run', archive, '--strict']);
    // A package without an entry point has no types.
    if (files.some((file) => /^package\/(dist\/)?index\.js$/.test(file)))
      run('attw', [archive, '--profile', 'esm-only', '--no-emoji', '--no-color']);
  }
} finally {
  rmSync(archives, { recursive: true });
}
console.log(problemCount === 0 ? 'All packages can be published.' : `${problemCount} problems`);
process.exitCode = problemCount === 0 ? 0 : 1;

/** Whether an earlier build left the file. */
function isStale(file, folder) {
  const [, name] =
    /^package\/dist\/(?!tfjs-node-gpu\/|page\/|classify\/|studio\/|(?:dense|resample)-module\.js$)(.*)\.js$/.exec(
      file,
    ) ?? [];
  return name !== undefined && !existsSync(join(folder, 'src', `${name}.ts`));
}

function report(problem) {
  problemCount += 1;
  console.log(problem);
}

function run(tool, parameters) {
  const program = fileURLToPath(new URL(`node_modules/.bin/${tool}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8' });
  if (status !== 0) report(`${tool}: ${stdout}${stderr}`);
}
