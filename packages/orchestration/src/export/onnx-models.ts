/** A bundle's ensemble and members as ONNX files, from raw pixels to probabilities. */
import { basename } from 'node:path';
import { ensembleGraph, memberGraph, modelFiles, type OnnxGraph } from '@chorus/models/onnx';
import type { Bundle } from '../bundle.ts';
import { type ImageInput, onnxEnsemble, onnxMember } from './description.ts';
import { loadMembers } from './load-members.ts';

/** The models of a bundle; the caller disposes. */
export function onnxModels(bundle: Bundle, isStudent: boolean) {
  const { chosen, testTimeAugmentation, calibration } = bundle.manifest;
  const { members, dispose } = loadMembers(bundle);
  try {
    const stacker = bundle.stackers.get(chosen)!.toJSON();
    const ensemble = ensembleGraph(members, { testTimeAugmentation, stacker, calibration });
    return {
      inputs: ensemble.inputs.map(({ name, shape }): ImageInput => ({ name, size: Number(shape[1]) })),
      async *files(): AsyncGenerator<[name: string, content: Uint8Array]> {
        // The ensemble of a single member is the member.
        if (!isStudent) yield* filesOf(ensemble, onnxEnsemble);
        for (const member of members)
          yield* filesOf(memberGraph(member, { testTimeAugmentation }), onnxMember(member.name));
      },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

// --- internal ---

/** The model and, if it is larger than a protocol buffer may be, the data file beside it. */
function* filesOf(graph: OnnxGraph, path: string): Generator<[name: string, content: Uint8Array]> {
  const { model, data } = modelFiles(graph, { dataFile: `${basename(path)}.data` });
  yield [path, model];
  if (data.length > 0) yield [`${path}.data`, Buffer.concat(data)];
}
