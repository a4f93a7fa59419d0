/** The README.md of a bundle that is copied to other places. Its programs are those of docs/predictor.md. */
import type { BundleManifest } from '../bundle.ts';
import { classesText } from './classes-text.ts';

/**
 * @param encoding of the weights.
 * @param hasRanges whether onnxruntime computes with integers.
 */
export function readMeOfBundle(
  { name, classes, members }: Omit<BundleManifest, 'schemaVersion'>,
  encoding: string,
  hasRanges: boolean,
): string {
  return `# ${name}

A bundle of Chorus with ${encoding} weights: ${members.map((member) => member.name).join(', ')}.${hasRanges ? '\nIts networks compute with 8-bit integers, except with WebGPU or TensorFlow.' : ''}

${classesText(classes).join('\n')}

\`@chorus/predictor\` loads it, in node and in the browser, decodes and resizes images as training did, and verifies every file by \`SHA256SUMS\`. A file that is
added to this folder invalidates it.

In node, as \`classify.mjs\` in a package that depends on \`@chorus/predictor\`:

\`\`\`js
${classifyProgram}\`\`\`

In a page beside this folder, here named \`bundle\`, and \`packages/predictor/dist/page\` of Chorus, copied as \`predictor\`. Any file server serves it; the camera
needs \`https:\` or localhost.

\`\`\`html
${predictorPage}\`\`\`

\`docs/predictor.md\` of Chorus has options, backends and how closely they agree.
`;
}

// --- internal ---

/** For node. */
const classifyProgram = `// node classify.mjs run/bundle cat.jpg
import { loadClassifier } from '@chorus/predictor';

const [bundle, ...images] = process.argv.slice(2);
const classifier = await loadClassifier(bundle);
for (const image of images) {
  const [best] = await classifier.classify(image, { top: 1 });
  console.log(\`\${image}: \${best.label} (\${(100 * best.probability).toFixed(1)} %), by \${classifier.backend}\`);
}
await classifier.dispose();
`;

/** Classifies an image file and what the camera sees. */
const predictorPage = `<!doctype html>
<meta charset="utf-8">
<title>Classify</title>
<input type="file" accept="image/*" disabled>
<button disabled>Use the camera</button>
<video playsinline muted></video>
<output>Loading …</output>
<script type="module">
  import { loadClassifier } from './predictor/predictor.js';

  const [input, button, video, output] = ['input', 'button', 'video', 'output'].map((name) => document.querySelector(name));
  const show = (classes) => {
    output.textContent = classes.map(({ label, probability }) => \`\${label} \${(100 * probability).toFixed(1)} %\`).join(', ');
  };
  const classifier = await loadClassifier('./bundle', {
    onProgress: ({ loadedBytes, totalBytes }) => {
      output.textContent = \`Loading … \${Math.round((100 * loadedBytes) / totalBytes)} %\`;
    },
  });
  output.textContent = 'Ready';
  input.disabled = button.disabled = false;
  const showingErrors = (action) => async () => {
    try {
      await action();
    } catch (error) {
      output.textContent = error.message;
    }
  };
  input.onchange = showingErrors(async () => show(await classifier.classify(input.files[0])));
  button.onclick = showingErrors(async () => {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    await video.play();
    const next = showingErrors(async () => {
      show(await classifier.classify(video));
      // Lets the page draw between two frames.
      requestAnimationFrame(next);
    });
    await next();
  });
</script>
`;
