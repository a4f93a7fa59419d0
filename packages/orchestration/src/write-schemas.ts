/** Writes the package's JSON schemas: `pnpm --filter @chorus/orchestration schemas`. */
import { writeFileSync } from 'node:fs';
import { checkJsonSchema } from './check/schema.ts';
import { experimentJsonSchema } from './experiment/experiment-file.ts';
import { gradCamJsonSchema } from './report/grad-cam-schema.ts';
import { reportJsonSchema } from './report/schema.ts';

const schemas = {
  'report.schema.json': reportJsonSchema(),
  'experiment.schema.json': experimentJsonSchema(),
  'check.schema.json': checkJsonSchema(),
  'grad-cam.schema.json': gradCamJsonSchema(),
};
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(new URL(`../${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
