/** Python with TensorFlow, Keras and Pillow, with onnx, with TensorBoard, or with PyTorch and timm, in virtual environments in the user's cache. */
import { join } from 'node:path';
import { type ProgramOptions, preparePython, runProgram } from '@chorus/python';

/** Folder of this package, which contains the scripts. */
export const scriptsFolder = join(import.meta.dirname, '..');
export const repository = join(scriptsFolder, '../..');

/** Returns the path of an interpreter with the packages of requirements.txt. */
export function prepareGoldenPython(): Promise<string> {
  return preparePython({
    name: 'parity',
    requirements: join(scriptsFolder, 'requirements.txt'),
    diskBytes: 3e9,
    notice: 'Installing TensorFlow and Keras into a virtual environment: 2 GB, a minute or two.',
  });
}

/** Returns the path of an interpreter with the packages of onnx-requirements.txt. */
export function prepareOnnxPython(): Promise<string> {
  return preparePython({
    name: 'onnx',
    requirements: join(scriptsFolder, 'onnx-requirements.txt'),
    diskBytes: 3e8,
    notice: 'Installing onnx into a virtual environment: 31 MB to download, 140 MB of disk.',
  });
}

/** Returns the path of an interpreter with the packages of tensorboard-requirements.txt. */
export function prepareTensorBoardPython(): Promise<string> {
  return preparePython({
    name: 'tensorboard',
    requirements: join(scriptsFolder, 'tensorboard-requirements.txt'),
    diskBytes: 4e8,
    notice: 'Installing TensorBoard into a virtual environment: 47 MB to download, 180 MB of disk.',
  });
}

/** Returns the path of an interpreter with the packages of requirements-timm.txt. */
export function prepareTimmPython(): Promise<string> {
  return preparePython({
    name: 'parity-timm',
    requirements: join(scriptsFolder, 'requirements-timm.txt'),
    diskBytes: 8e9,
    notice: "Installing PyTorch and timm into a virtual environment: 5 GB on Linux, most of it NVIDIA's libraries.",
  });
}

/** Runs a script of this package, like runProgram. */
export function runScript(
  python: string,
  script: string,
  parameters: readonly string[],
  options: ProgramOptions = {},
): Promise<string[]> {
  return runProgram(python, [join(scriptsFolder, script), ...parameters], options);
}
