import { readFileSync } from 'node:fs';
import { fitStacker } from '@chorus/models/stackers';
import { serve } from './serve.ts';
import type { StackerTask } from './stacker-task.ts';

await serve<StackerTask>(({ logits: path, memberCount, rowCount, classCount, epochCount }) => {
  const { buffer } = Uint8Array.from(readFileSync(path));
  const length = rowCount * classCount;
  const logits = Array.from(
    { length: memberCount },
    (_, member) => new Float32Array(buffer, 4 * member * length, length),
  );
  const labels = Int32Array.from({ length: rowCount }, (_, row) => row % classCount);
  const seconds = (epochs: number, patience: number | null) => {
    const startedAtMs = performance.now();
    fitStacker('dense', logits, labels, {
      ...{ classCount, seed: 0 },
      options: { dense: { epochCount: epochs, patience, wholeBatchesOnly: false } },
    });
    return (performance.now() - startedAtMs) / 1000;
  };
  return {
    prepared: { versions: { node: process.version }, stepSeconds: null },
    run: async () => ({ fit: seconds(1000, 50), epoch: seconds(epochCount, null) / epochCount }),
  };
});
