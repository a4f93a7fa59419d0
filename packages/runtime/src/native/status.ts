/** Missing parts of the native runtime. */
import { hasBinding, hasLibrary, planNativeRuntime } from './locate.ts';
import { hasOnnxruntime, planOnnxruntime } from './locate-onnxruntime.ts';
import { runTool } from './run-tool.ts';

export interface MissingPart {
  what: string;
  /** The system's command that installs it; null for a part that the setup of the runtime installs. */
  fix: string | null;
}

/**
 * Returns the missing parts of the native runtime on this machine; empty if it is ready.
 *
 * @throws RuntimeError on a platform without a library.
 */
export async function nativeRuntimeStatus(): Promise<MissingPart[]> {
  const native = planNativeRuntime();
  const missing: MissingPart[] = [];
  const python = process.env.CHORUS_PYTHON ?? 'python3';
  if (!hasLibrary(native)) {
    missing.push({ what: `TensorFlow's library in ${native.libraryFolder}`, fix: null });
    if (!(await works(python, ['-m', 'pip', '--version'])))
      missing.push({ what: `${python} with pip`, fix: 'apt-get install python3 python3-pip' });
  }
  if (!hasBinding(native)) {
    const { compiler, compilerFix } = native.platform;
    missing.push({ what: `the TensorFlow binding in ${native.bindingFolder}`, fix: null });
    if (!(await works(process.env.CHORUS_CXX ?? compiler, ['--version'])))
      missing.push({ what: `a C++ compiler (${compiler})`, fix: compilerFix });
  }
  const onnxruntime = planOnnxruntime();
  if (!('obstacle' in onnxruntime) && !hasOnnxruntime(onnxruntime)) {
    missing.push({ what: `onnxruntime in ${onnxruntime.folder}`, fix: null });
    const npm = process.env.CHORUS_NPM ?? 'npm';
    if (!(await works(npm, ['--version']))) missing.push({ what: npm, fix: 'apt-get install npm' });
  }
  return missing;
}

async function works(program: string, parameters: readonly string[]): Promise<boolean> {
  return runTool(program, parameters, (failure) => new Error(failure.output)).then(
    () => true,
    () => false,
  );
}
