/**
 * Installs Chorus from a registry, as users do, in empty folders outside the clone: `node install-check.mjs` after
 * `pnpm build`.
 *
 *   --managers npm,pnpm,yarn   package managers of the projects
 *   --nodes 20,22,24           versions of node that run each project
 *   --no-demo                  skips `npx @chorus/trainer train`
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packAll } from './packages.mjs';
import { startRegistry } from './registry.mjs';

const { values } = parseArgs({
  options: {
    managers: { type: 'string', default: 'npm,pnpm,yarn' },
    nodes: { type: 'string', default: '20,22,24' },
    'no-demo': { type: 'boolean', default: false },
  },
});

/** The command of each manager that installs the dependencies of package.json. */
const installers = {
  npm: ['npm', 'install', '--no-audit', '--no-fund'],
  pnpm: ['npx', '-y', 'pnpm@12', 'install'],
  yarn: ['npx', '-y', 'yarn@1.22.22', 'install', '--non-interactive'],
};

/** 32 × 32 px. */
const bluePng =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAMAAABEpIrGAAAAA1BMVEUzZswgIiSpAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEklEQVQ4y2NgGAWjYBSMAuwAAAQgAAFWu83mAAAAAElFTkSuQmCC';

/** By default, pnpm delays new versions by a day and requires approval of install scripts; no script is needed. */
const pnpmSettings = 'packages: []\nminimumReleaseAge: 0\nallowBuilds:\n  core-js: false\n  protobufjs: false\n';

const root = mkdtempSync(join(tmpdir(), 'chorus-install-'));
const inRoot = (name) => {
  mkdirSync(join(root, name), { recursive: true });
  return join(root, name);
};
const registry = await startRegistry(inRoot('registry'));
try {
  const packages = packAll(inRoot('archives'));
  for (const { name, version, archive } of packages) {
    registry.publish(archive);
    console.log(`published ${name} ${version}`);
  }
  const { version } = packages.find(({ name }) => name === '@chorus/orchestration');
  if (!values['no-demo']) runDemo(packages.find(({ name }) => name === '@chorus/trainer'));
  for (const manager of values.managers.split(',')) checkProject(manager, version);
  console.log('Chorus installs from a registry, trains and predicts.');
} finally {
  await registry.stop();
  rmSync(root, { recursive: true });
}

/** Runs the first command of a new user. */
function runDemo({ name, version }) {
  const folder = inRoot('demo');
  run(folder, ['npx', '-y', `${name}@${version}`, 'train', '--preset', 'demo', '--out', 'run']);
  requireFiles(folder, ['run/report.json', 'run/bundle/bundle.json']);
}

/** Installs a ten-line project, which trains and predicts, and runs it with each version of node. */
function checkProject(manager, version) {
  const folder = inRoot(`project-${manager}`);
  const manifest = {
    name: 'project',
    private: true,
    type: 'module',
    dependencies: { '@chorus/orchestration': version, '@chorus/predictor': version },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  copyFileSync(fileURLToPath(new URL('project/train.mjs', import.meta.url)), join(folder, 'train.mjs'));
  if (manager === 'pnpm') writeFileSync(join(folder, 'pnpm-workspace.yaml'), pnpmSettings);
  writeFileSync(join(folder, 'blue.png'), Buffer.from(bluePng, 'base64'));
  run(folder, installers[manager]);
  for (const node of values.nodes.split(',')) {
    rmSync(join(folder, 'runs'), { recursive: true, force: true });
    const output = run(folder, ['npx', '-y', `node@${node}`, 'train.mjs', 'blue.png']);
    if (!/predicted: '(discs|stars)'/.test(output)) throw new Error(`Expected a prediction, received: ${output}`);
    if (!/^wasm \[ \{ label: '(discs|stars)', probability: 0?\.\d+ \} \]$/m.test(output))
      throw new Error(`Expected a prediction of the predictor, received: ${output}`);
    if (/Warning/.test(output)) throw new Error(`Expected no warning from node, received: ${output}`);
  }
}

/**
 * Runs a command with the local registry and its own cache, and prints its output.
 *
 * @returns its stdout and stderr.
 */
function run(folder, [program, ...parameters]) {
  console.log(`\n${folder}$ ${[program, ...parameters].join(' ')}`);
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: {
      ...process.env,
      npm_config_registry: registry.url,
      npm_config_cache: join(root, 'npm-cache'),
      npm_config_update_notifier: 'false',
      PNPM_CONFIG_STORE_DIR: join(root, 'pnpm-store'),
      PNPM_CONFIG_REGISTRY: registry.url,
      YARN_CACHE_FOLDER: join(root, 'yarn-cache'),
      YARN_REGISTRY: registry.url,
      CHORUS_CACHE: join(root, 'cache'),
    },
  });
  if (error !== undefined) throw error;
  const output = `${stdout}${stderr}`;
  console.log(output.trim());
  if (status !== 0) throw new Error(`${program} ended with ${status}.`);
  return output;
}

function requireFiles(folder, names) {
  for (const name of names) if (!existsSync(join(folder, name))) throw new Error(`Expected ${name} in ${folder}.`);
}
