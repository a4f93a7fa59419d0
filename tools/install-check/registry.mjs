/** A local package registry that serves Chorus and proxies everything else to the registry that npm uses. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const verdaccio = fileURLToPath(new URL('node_modules/verdaccio/bin/verdaccio', import.meta.url));

/**
 * Starts the registry, on the loopback interface only.
 *
 * @param folder for its configuration, log and storage.
 * @returns {Promise<{ url: string, publish: (archive: string) => void, stop: () => Promise<void> }>}
 */
export async function startRegistry(folder) {
  const uplink = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', cwd: folder }).trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const configuration = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: -1 } },
    uplinks: { upstream: { url: uplink, timeout: '120s', max_fails: 100, fail_timeout: '1s' } },
    packages: {
      '@chorus/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    web: { enable: false },
    middlewares: {},
    max_body_size: '100mb',
    log: { type: 'file', path: join(folder, 'registry.log'), level: 'warn' },
  };
  // JSON is valid YAML.
  const configurationPath = join(folder, 'verdaccio.yaml');
  writeFileSync(configurationPath, JSON.stringify(configuration));
  // npm requires a token to publish; the registry ignores it.
  const userConfig = join(folder, 'npmrc');
  writeFileSync(userConfig, `//127.0.0.1:${port}/:_authToken=unused\n`);

  const server = spawn(process.execPath, [verdaccio, '--config', configurationPath, '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  await answers(url, server);
  return {
    url,
    publish(archive) {
      execFileSync('npm', ['publish', archive, '--registry', url, '--userconfig', userConfig, '--loglevel', 'error'], {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, npm_config_update_notifier: 'false' },
      });
    },
    async stop() {
      process.off('exit', end);
      server.kill();
      if (server.exitCode === null) await once(server, 'exit');
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url, server) {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`The registry ended with ${server.exitCode}.`);
    const isReady = await fetch(new URL('-/ping', url)).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((done) => setTimeout(done, 200));
  }
}
