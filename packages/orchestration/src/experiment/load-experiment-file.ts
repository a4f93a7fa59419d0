/** Reads a config file: TypeScript, JavaScript or JSON. */
import { extname } from 'node:path';
import { exceededJsonLimit, readRegularFile, StorageError, UnreadableFileError } from '@chorus/storage';
import { parse } from '@humanwhocodes/momoa';
import { createJiti } from 'jiti';
import { ConfigError } from '../errors.ts';
import { defineConfig, type ExperimentFile } from './experiment-file.ts';
import * as presets from './presets/presets.ts';
import { resolveExperiment } from './resolve.ts';

/**
 * Loads a config file. A TypeScript or JavaScript file is executed.
 *
 * @param path absolute path of a `.ts`, `.js` or `.json` file, or a variant of these for modules.
 * @throws ConfigError when it has another extension, cannot be read or exports no experiment; for a syntax error, with file, line and column.
 */
export async function loadExperimentFile(path: string): Promise<ExperimentFile> {
  // Reading a named pipe would block until it has a writer.
  const content = await readRegularFile(path, { maxBytes: maxExperimentBytes }).catch((error: unknown) => {
    if (error instanceof UnreadableFileError)
      throw new ConfigError(`Cannot read the config file ${path}: ${error.received}.`);
    throw error instanceof StorageError ? new ConfigError(error.message) : error;
  });
  if (!extensions.includes(extname(path)))
    throw new ConfigError(`Expected a config file that ends in ${extensions.join(', ')}; received ${path}.`);
  const value = extname(path) === '.json' ? parseJsonFile(path, content) : await importDefault(path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(
      `${path}: expected an object with keys of an experiment, received ${describeKind(value)}; ${howToExport}`,
    );
  return value;
}

// --- internal ---

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
const maxExperimentBytes = 16 * 2 ** 20;
/** Far more than any experiment has. */
const jsonLimits = { depth: 64, values: 1_000_000, containers: 1_000_000 };
/** Finding the place of a mistake takes a second for so many bytes. */
const maxPlacedBytes = 2 ** 20;
/** Exports of the running Chorus, which a file at any location can import without installing it. */
const chorus = { ConfigError, defineConfig, presetNames: presets.presetNames, resolveExperiment };
const howToExport = 'write: export default defineConfig({ … })';

function parseJsonFile(path: string, content: Uint8Array): unknown {
  const exceeded = exceededJsonLimit(content, jsonLimits);
  if (exceeded !== undefined)
    throw new ConfigError(
      `${path}: expected at most ${jsonLimits[exceeded]} ${exceeded === 'depth' ? 'levels of JSON' : 'values'}, received more.`,
    );
  const text = new TextDecoder().decode(content);
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = jsonErrorPlace(text);
    // The message has the position again, in a format that depends on the node version.
    const message = place === '' ? firstLine(error) : firstLine(error).replace(/ (in JSON )?at position \d+.*$/, '');
    throw new ConfigError(`${path}${place}: not valid JSON: ${message}`, [], { cause: error });
  }
}

/** `:line:column`, counted from 1. The messages of JSON.parse differ between node versions and often lack a position. */
function jsonErrorPlace(text: string): string {
  if (text.length > maxPlacedBytes) return '';
  try {
    parse(text, { mode: 'json' });
    return '';
  } catch (error) {
    const { line, column } = error as { line?: number; column?: number };
    return line === undefined || column === undefined ? '' : `:${line}:${column}`;
  }
}

/** The default export of a module. */
async function importDefault(path: string): Promise<unknown> {
  const jiti = createJiti(import.meta.url, {
    virtualModules: {
      '@chorus/orchestration': chorus,
      '@chorus/trainer': chorus,
      '@chorus/orchestration/presets': presets,
    },
    // The cache would be in the shared temporary folder, where other users could replace the code.
    fsCache: false,
    // Without this, a module without a default export would get one.
    interopDefault: false,
  });
  const module = await jiti.import<{ default?: unknown }>(path).catch((error: unknown) => {
    throw new ConfigError(describeFailure(path, error), [], { cause: error });
  });
  if (!('default' in module))
    throw new ConfigError(`${path}: expected a default export, received none; ${howToExport}`);
  return module.default;
}

function describeFailure(path: string, error: unknown): string {
  // Babel counts columns from 0. The error may be in a file that the config file imports.
  const syntax = /^ParseError: (.*?)\s*\n\s*(.*):(\d+):(\d+)$/s.exec(messageOf(error));
  if (syntax !== null) {
    const [, message, file, line, column] = syntax as unknown as [string, string, string, string, string];
    return `${file}:${line}:${Number(column) + 1}: ${message}`;
  }
  const thrownAt = error instanceof Error ? placeInStack(error, path) : '';
  return `${path}${thrownAt}: the file threw while it was loaded: ${firstLine(error)}`;
}

/** `:line:column` of the innermost call in a file. */
function placeInStack({ stack = '' }: Error, path: string): string {
  const line = stack.split('\n').find((one) => one.includes(`${path}:`)) ?? '';
  return /(:\d+:\d+)\)?$/.exec(line)?.[1] ?? '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0]!;
}

function describeKind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'undefined';
  return `a ${typeof value}`;
}
