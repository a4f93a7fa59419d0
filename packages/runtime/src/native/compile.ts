/** The binding, compiled from the npm package's own (patched) sources against the library. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { NativeRuntime } from './locate.ts';
import { runTool, type ToolFailure } from './run-tool.ts';

const require = createRequire(import.meta.url);

/**
 * Compiles binding and quietener into a folder.
 *
 * @throws RuntimeError when there is no compiler, or it refuses the sources.
 */
export async function compileBinding(native: NativeRuntime, target: string): Promise<void> {
  const { platform, libraryFiles } = native;
  const [framework, cc] = platform.libraries.map((name) => join(libraryFiles, name)) as [string, string];
  await compile(native, native.bindingSources, [cc, framework], join(target, 'tfjs_binding.node'));
  await compile(native, [native.quietSource], ['-ldl'], join(target, 'tfjs_quiet.node'));
}

// --- internal ---

async function compile(
  { platform, includeFolder, libraryFiles }: NativeRuntime,
  sources: readonly string[],
  libraries: readonly string[],
  output: string,
): Promise<void> {
  const compiler = process.env.CXX ?? platform.compiler;
  await runTool(
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-w'],
      ...['-I', nodeHeaders(), '-I', includeFolder],
      ...sources,
      ...libraries,
      ...platform.linkerFlags,
      ...[`-Wl,-rpath,${libraryFiles}`, '-o', output],
    ],
    (failure) => explain(failure, compiler, platform.compilerMend),
  );
}

/** Headers of Node-API: beside this node, in the system, or from the npm package; they are the same for every node. */
function nodeHeaders(): string {
  const besideNode = join(dirname(process.execPath), '..', 'include', 'node');
  const found = [besideNode, '/usr/include/node'].find((folder) => existsSync(join(folder, 'node_api.h')));
  return found ?? (require('node-api-headers') as { include_dir: string }).include_dir;
}

function explain({ missing, output }: ToolFailure, compiler: string, mend: string): RuntimeError {
  return new RuntimeError(
    missing
      ? `There is no C++ compiler (${compiler}); install one: ${mend}`
      : `${compiler} could not compile the TensorFlow binding: ${output.split('\n').slice(0, 5).join(' ').slice(0, 600)}`,
  );
}
