import tf from '@chorus/tfjs';

/** The shard size of the tfjs converter, which browsers can cache. */
const shardBytes = 4 * 2 ** 20;

/**
 * Converts a model to the files that `tf.loadLayersModel('…/model.json')` reads.
 *
 * @returns contents by file name: `model.json`, and the weights in shards of up to 4 MiB, which are views of one buffer.
 */
export async function layersModelFiles(model: tf.LayersModel): Promise<Map<string, string | Uint8Array>> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
    }),
  );
  const { modelTopology, format, generatedBy, convertedBy, weightSpecs, weightData } = artifacts!;
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const count = Math.max(1, Math.ceil(bytes.byteLength / shardBytes));
  const shards = Array.from(
    { length: count },
    (_, index) =>
      [`group1-shard${index + 1}of${count}.bin`, bytes.subarray(index * shardBytes, (index + 1) * shardBytes)] as const,
  );
  const weightsManifest = [{ paths: shards.map(([name]) => name), weights: weightSpecs }];
  const json = { format, generatedBy, convertedBy, modelTopology, weightsManifest };
  return new Map<string, string | Uint8Array>([['model.json', JSON.stringify(json)], ...shards]);
}
