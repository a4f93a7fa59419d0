/**
 * The C++ sources of the binding: the patched sources of `@tensorflow/tfjs-node-gpu`, and Chorus's own.
 *
 * The patch is a unified diff, which shows every difference from the published sources. It must apply without fuzz, and
 * the hashes of the result are pinned, so that every machine compiles the same source.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256, systemErrorText } from '@chorus/storage';
import { applyPatch, parsePatch } from 'diff';
import { RuntimeError } from '../errors.ts';
import { manifestName, nativeFolder, ownSources, patchName } from './native-files.ts';
import { vendoredFolder } from './vendored.ts';

/** The manifest: hashes of the published sources and of the patched ones. */
export interface BindingManifest {
  /** The version of `@tensorflow/tfjs-node-gpu`. */
  version: string;
  /** Each file of the package's `binding` folder, by name. */
  files: Record<string, { sha256: string; patchedSha256?: string }>;
}

export const patchPath = join(nativeFolder, patchName);
/** @public Used by scripts/edit-binding.mjs. */
export const manifestPath = join(nativeFolder, manifestName);

/**
 * Writes all sources into a folder, ready to compile; does not modify the package's own files.
 *
 * @param options.packageFolder the unchanged files of `@tensorflow/tfjs-node-gpu`.
 * @throws RuntimeError when the version of the package, the content of a file, or the result of the patch differs from the
 * manifest.
 */
export async function writeBindingSources(
  target: string,
  { packageFolder = vendoredFolder, patch = patchPath } = {},
): Promise<void> {
  await mkdir(target, { recursive: true });
  const sources = await patchedSources(packageFolder, patch);
  for (const name of ownSources) sources.set(name, await readFile(join(nativeFolder, name), 'utf8'));
  for (const [name, text] of sources) await writeFile(join(target, name), text);
}

/**
 * Reads the package's sources and verifies that they are the published ones.
 *
 * @returns the text of each file, by name.
 * @public Used by scripts/vendor.mjs.
 * @throws RuntimeError naming the file, the expected and the actual version or hash.
 */
export async function publishedSources(packageFolder: string): Promise<Map<string, string>> {
  const manifest = await readManifest();
  const packagePath = join(packageFolder, 'package.json');
  const { version } = JSON.parse(await readText(packagePath)) as { version?: string };
  if (version !== manifest.version)
    throw new RuntimeError(
      `Expected version ${manifest.version} of @tensorflow/tfjs-node-gpu in ${packagePath}, found ${version}; ${reinstall}`,
    );
  const sources = new Map<string, string>();
  for (const [name, hashes] of Object.entries(manifest.files)) {
    const path = join(packageFolder, 'binding', name);
    const text = await readText(path);
    requireHash(`${path}, as published`, hashes.sha256, text);
    sources.set(name, text);
  }
  return sources;
}

export async function readManifest(): Promise<BindingManifest> {
  return JSON.parse(await readText(manifestPath)) as BindingManifest;
}

// --- internal ---

const reinstall = 'reinstall @chorus/runtime (in a clone: pnpm install, then pnpm build).';

async function patchedSources(packageFolder: string, patch: string): Promise<Map<string, string>> {
  const { files } = await readManifest();
  const sources = await publishedSources(packageFolder);
  for (const change of parsePatch(await readText(patch))) {
    const name = change.newFileName?.replace('b/binding/', '') ?? '';
    const published = sources.get(name);
    const changed =
      published !== undefined && applyPatch(published, change, { fuzzFactor: 0, autoConvertLineEndings: false });
    if (!changed) throw new RuntimeError(`${patch} does not apply to ${name}; ${reinstall}`);
    sources.set(name, changed);
  }
  for (const [name, text] of sources) {
    const { sha256, patchedSha256 = sha256 } = files[name]!;
    requireHash(`${name}, with the changes of ${patch}`, patchedSha256, text);
  }
  return sources;
}

function requireHash(what: string, expected: string, text: string): void {
  const actual = sha256(text);
  if (actual !== expected)
    throw new RuntimeError(`Expected sha256 ${expected} of ${what}; found ${actual}; ${reinstall}`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new RuntimeError(`Cannot read ${path}: ${systemErrorText(error)}; ${reinstall}`);
  }
}
