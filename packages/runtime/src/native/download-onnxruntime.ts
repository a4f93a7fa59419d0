/** Downloads onnxruntime's binaries. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { publishFolder } from '@chorus/storage';
import { extract } from 'tar';
import { RuntimeError } from '../errors.ts';
import { type OnnxruntimePlace, onnxruntimeVersion } from './locate-onnxruntime.ts';
import { runTool, type ToolFailure } from './run-tool.ts';
import { type OnSetupProgress, runStep } from './setup-step.ts';

/**
 * Downloads the package with the machine's npm, whose registry, proxy and credentials thus apply, and unpacks the binaries of
 * this platform.
 *
 * @throws RuntimeError when npm is missing, the registry cannot be reached, or the hash does not match.
 */
export async function prepareOnnxruntime({ folder }: OnnxruntimePlace, onProgress: OnSetupProgress): Promise<void> {
  const fill = async (temporary: string) => {
    const place = await mkdtemp(join(temporary, 'download-'));
    const name = `onnxruntime-node@${onnxruntimeVersion}`;
    const options = { folder: place, totalBytes: () => writtenBytes };
    const tarball = await runStep(`downloading ${name}`, onProgress, () => download(name, place), options);
    await runStep(`unpacking ${name}`, onProgress, () => unpackOnnxruntime(tarball, temporary), { folder: temporary });
    await rm(place, { recursive: true });
  };
  await publishFolder(folder, fill, { replace: true });
}

/** Unpacks the binaries of this platform directly into `target`. */
export async function unpackOnnxruntime(tarball: string, target: string): Promise<void> {
  const prefix = `package/bin/napi-v6/${process.platform}/${process.arch}/`;
  await extract({
    file: tarball,
    cwd: target,
    strip: prefix.split('/').length - 1,
    strict: true,
    filter: (path, entry) => path.startsWith(prefix) && 'type' in entry && entry.type === 'File',
  });
}

// --- internal ---

/** Hash of the tarball, as published by the registry. */
const sha512 = 'JH7+czbc8ALA819vlTgcV+Q214/+VjGeBHDjX81+ZCD0PCVCIFGFNtT0V4sXG/1JXypKPgScQcB3ij/hk3YnTg==';
/** npm writes the tarball into its cache, and then a copy. */
const writtenBytes = 2 * 86e6;

async function download(name: string, place: string): Promise<string> {
  const npm = process.env.CHORUS_NPM ?? 'npm';
  // The user's npm cache would keep the tarball for good.
  const cache = join(place, 'npm-cache');
  await runTool(
    npm,
    ['pack', name, '--ignore-scripts', '--fetch-retries=1', '--cache', cache, '--pack-destination', place],
    (failure) => explain(failure, name, npm),
    { folder: place },
  );
  const tarball = (await readdir(place)).find((file) => file.endsWith('.tgz'));
  if (tarball === undefined) throw new RuntimeError(`npm downloaded no package for ${name}.`);
  const path = join(place, tarball);
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  const received = hash.digest('base64');
  if (received !== sha512)
    throw new RuntimeError(`The registry served ${name} with sha512 ${received}; expected ${sha512}.`);
  return path;
}

function explain({ missing, output }: ToolFailure, name: string, npm: string): RuntimeError {
  const skip = 'or set CHORUS_ONNXRUNTIME=none, with which TensorFlow computes predictions, too';
  if (missing)
    return new RuntimeError(
      `${npm} was not found, but is needed to download ${name}; install it (it comes with Node.js), ${skip}.`,
    );
  const reasons = [...output.matchAll(/^npm error (?!A complete log)(.+)$/gm)].map(([, reason]) => reason);
  return new RuntimeError(
    `npm could not download ${name}; check the network connection (npm's registry and proxy settings apply), ${skip}: ${reasons.join(' ').slice(0, 300) || output.trim().slice(-300)}`,
  );
}
