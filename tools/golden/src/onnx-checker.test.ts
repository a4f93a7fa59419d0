/** Checks ONNX files with the Python package onnx, in one process for all files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canPreparePython } from '@chorus/python';
import { initRuntime, prepareProcess } from '@chorus/runtime';
import { withTemporaryFolder } from '@chorus/storage';
import { beforeAll, describe, expect, it } from 'vitest';
import { damagedFiles, type OnnxFile, validFiles } from './onnx-files.fixture.ts';
import { prepareOnnxPython, runScript } from './python.ts';

/** What onnx_check.py prints for a file. */
type Answer = { error: string } | { outputs: Record<string, unknown>; unknown: string[] };

describe.skipIf(!canPreparePython())('onnx.checker (needs Python 3.11 or later with venv and pip)', () => {
  let python: string;
  beforeAll(async () => {
    python = await prepareOnnxPython();
    prepareProcess();
    initRuntime({ device: 'cpu:0', intraOpThreads: 2 });
  });

  async function check<File extends OnnxFile>(files: readonly File[]): Promise<{ file: File; answer: Answer }[]> {
    return withTemporaryFolder('chorus-onnx', async (folder) => {
      const paths = await Promise.all(files.map((file, index) => write(file, join(folder, `${index}`))));
      const lines = await runScript(python, 'onnx_check.py', paths);
      expect(lines).toHaveLength(files.length);
      return files.map((file, index) => ({ file, answer: JSON.parse(lines[index]!) as Answer }));
    });
  }

  it('accepts every kind of model, and infers its outputs from its nodes', async () => {
    const checked = await check(validFiles());
    expect(checked.map(({ file, answer }) => [file.name, answer])).toEqual(
      checked.map(({ file: { name, outputs } }) => [name, { outputs, unknown: [] }]),
    );
  });

  it('refuses damaged models', async () => {
    const checked = await check(damagedFiles());
    expect(checked.map(({ file, answer }) => [file.name, answer])).toEqual(
      checked.map(({ file: { name, error } }) => [name, { error: expect.stringMatching(error) }]),
    );
  });
});

async function write({ model, data }: OnnxFile, folder: string): Promise<string> {
  await mkdir(folder);
  if (data !== undefined) await writeFile(join(folder, data.name), data.content);
  const path = join(folder, 'model.onnx');
  await writeFile(path, model);
  return path;
}
