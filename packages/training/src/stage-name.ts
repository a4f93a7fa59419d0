import { z } from 'zod';

/** Names of stages. `unfreeze-n` trains the backbone's last n blocks before the stage `fine-tune` trains more. */
export const stageNameSchema = z.union([
  z.enum(['head', 'fine-tune', 'whole']),
  z.templateLiteral(['unfreeze-', z.int().min(1)]),
]);
export type StageName = z.output<typeof stageNameSchema>;
