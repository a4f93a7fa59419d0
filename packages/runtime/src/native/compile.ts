/** Compiles the binding against TensorFlow's library. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { RuntimeError } from '../errors.ts';
import { writeBindingSources } from './binding-sources.ts';
import type { NativeRuntime } from './locate.ts';
import { runTool, type ToolFailure } from './run-tool.ts';

const require = createRequire(import.meta.url);

const bindingUnits = ['tfjs_backend.cc', 'tfjs_binding.cc', 'functions.cc'];

/**
 * Compiles the binding and the addon for the whole process into a folder, and loads both once as a check.
 *
 * @throws RuntimeError when there is no compiler, compilation fails, or the library does not load on this machine.
 */
export async function compileBinding(native: NativeRuntime, target: string): Promise<void> {
  const { frameworkPath, ccPath } = native;
  const binding = join(target, basename(native.bindingPath));
  const ofProcess = join(target, basename(native.processPath));
  const sources = join(target, 'sources');
  await writeBindingSources(sources);
  await compile(native, sources, [...bindingUnits, ccPath, frameworkPath], binding);
  await compile(native, sources, ['process.cc', '-ldl'], ofProcess);
  await rm(sources, { recursive: true });
  await runTool(
    process.execPath,
    ['--eval', `require(process.argv[1]).loadQuietly(process.argv[2]); require(process.argv[3])`].concat(
      ofProcess,
      frameworkPath,
      binding,
    ),
    ({ output }) => new RuntimeError(`TensorFlow's library cannot be loaded on this machine: ${excerpt(output)}`),
  );
}

// --- internal ---

async function compile(
  native: NativeRuntime,
  sources: string,
  inputs: readonly string[],
  output: string,
): Promise<void> {
  const { platform, includeFolder, libraryFiles } = native;
  const { CHORUS_CXX: named = platform.compiler } = process.env;
  // The path is relative to this process's working folder, not to the compiler's.
  const compiler = named.includes('/') ? resolve(named) : named;
  const headers = [nodeHeaders(), includeFolder].flatMap((folder) => ['-I', folder]);
  const folders = [...headers, '-Xlinker', '-rpath', '-Xlinker', libraryFiles];
  await runTool(
    compiler,
    [...platform.compilerFlags, ...folders, ...inputs, '-o', output],
    (failure) => explain(failure, compiler, platform.compilerFix),
    // Source files have no folder in their names, so that the binding's error messages contain no temporary path.
    { folder: sources },
  );
}

/** Folder of the Node-API headers: beside node, in the system, or in the npm package; they are the same for every node. */
function nodeHeaders(): string {
  const besideNode = join(dirname(process.execPath), '..', 'include', 'node');
  const found = [besideNode, '/usr/include/node'].find((folder) => existsSync(join(folder, 'node_api.h')));
  return found ?? (require('node-api-headers') as { include_dir: string }).include_dir;
}

function explain({ missing, output }: ToolFailure, compiler: string, fix: string): RuntimeError {
  return new RuntimeError(
    missing
      ? `There is no C++ compiler (${compiler}); install one: ${fix}`
      : `${compiler} could not compile the TensorFlow binding: ${excerpt(output)}`,
  );
}

function excerpt(output: string): string {
  return output.trim().split('\n').slice(0, 6).join(' ').slice(0, 600);
}
